use super::login;
use super::session::{SEQUENCE, Session};
use super::wire::{Over, Read};

impl Session {
    /// `AUTH`, with what the client says when it is asked.
    pub(super) async fn auth(&mut self, mechanism: &str, first: Option<String>) -> Result<(), Over> {
        let submission = match self.doors.submission() {
            Some(submission) if self.may_log_in() => submission,
            Some(_) => {
                self.mistake("538 5.7.11 Begin TLS before you say a password");
                return Ok(());
            }
            None => {
                self.mistake("502 5.5.1 Logins are not available");
                return Ok(());
            }
        };
        if self.login.is_some() || self.envelope.is_some() || self.helo.is_none() {
            self.mistake(SEQUENCE);
            return Ok(());
        }
        let said = match mechanism {
            "PLAIN" => {
                let text = match first {
                    Some(text) => Some(text),
                    None => self.challenge("334 ").await?,
                };
                text.and_then(|text| login::plain(&text))
            }
            "LOGIN" => {
                let user = match first {
                    Some(text) => Some(text),
                    // "Username:" and "Password:" in base64, as every client expects them.
                    None => self.challenge("334 VXNlcm5hbWU6").await?,
                };
                let password = self.challenge("334 UGFzc3dvcmQ6").await?;
                let word = |text: Option<String>| text.and_then(|text| login::word(&text));
                word(user).zip(word(password))
            }
            _ => {
                self.mistake("504 5.5.4 Unrecognized authentication type");
                return Ok(());
            }
        };
        let Some((user, password)) = said else {
            self.mistake("501 5.5.2 Cannot read that");
            return Ok(());
        };
        match submission.login(&user, &password).await {
            Some(login) => {
                self.login = Some(login);
                self.wire.say("235 2.7.0 Authentication successful");
            }
            None => self.mistake("535 5.7.8 Authentication Credentials Invalid"),
        }
        Ok(())
    }

    /// Asks for one more line. `None`: the client has thought better of it.
    async fn challenge(&mut self, line: &str) -> Result<Option<String>, Over> {
        self.wire.say(line);
        match self.wire.line().await? {
            Read::Line(line) if line == b"*" => Ok(None),
            Read::Line(line) => Ok(String::from_utf8(line).ok()),
            Read::TooLong => Ok(None),
        }
    }
}
