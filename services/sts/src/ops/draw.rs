//! Credentials, drawn by lot, and what every session is made with.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tidegate_api_sts::Credentials;
use tidegate_env::Env;
use tidegate_types::Timestamp;

use crate::store::SessionRecord;

/// The letters of ids, as AWS has them: base 32.
const ID_LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// An access key, its secret and its token. All of them are drawn: none tells anything of another.
pub(super) struct Drawn {
    pub access_key: String,
    pub secret: String,
    pub token: String,
}

pub(super) fn draw(env: &Env) -> Drawn {
    let mut id = [0; 16];
    env.fill_random(&mut id);
    let (mut secret, mut token) = ([0; 30], [0; 192]);
    env.fill_random(&mut secret);
    env.fill_random(&mut token);
    Drawn {
        // The alphabet has a power of two letters, so the remainder favours none.
        access_key: format!(
            "ASIA{}",
            id.map(|byte| char::from(ID_LETTERS[usize::from(byte % 32)])).iter().collect::<String>()
        ),
        secret: STANDARD.encode(secret),
        token: format!("FwoGZXIvYXdz{}", STANDARD.encode(token)),
    }
}

/// The credentials of a session, as they are answered.
pub(super) fn shown(access_key: String, record: &SessionRecord) -> Credentials {
    Credentials {
        access_key_id: Some(access_key),
        secret_access_key: Some(record.secret.clone()),
        session_token: Some(record.token.clone()),
        expiration: Some(record.expires_at),
    }
}

/// A time as condition keys have it.
pub(crate) fn iso(time: Timestamp) -> String {
    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_second(seconds).map(|time| time.to_string()).unwrap_or_default()
}

/// When a session of so many seconds ends: whole seconds, as it is told.
pub(super) fn end(env: &Env, seconds: u64) -> Timestamp {
    Timestamp::from_secs(env.real_now().as_secs() + seconds)
}
