use super::reply::Reply;

/// What a relay says it can do.
#[derive(Debug, Default)]
pub(crate) struct Extensions {
    pub starttls: bool,
    pub eight_bit: bool,
    pub utf8: bool,
    pub size: Option<u64>,
    pub auth: Vec<String>,
    pub announces_size: bool,
}

impl Extensions {
    pub(crate) fn read(reply: &Reply) -> Extensions {
        let mut extensions = Extensions::default();
        for line in reply.lines.iter().skip(1) {
            let mut words = line.split([' ', '=']);
            match words.next().unwrap_or_default().to_ascii_uppercase().as_str() {
                "STARTTLS" => extensions.starttls = true,
                "8BITMIME" => extensions.eight_bit = true,
                "SMTPUTF8" => extensions.utf8 = true,
                "SIZE" => {
                    extensions.announces_size = true;
                    extensions.size = words.next().and_then(|size| size.parse().ok()).filter(|size| *size > 0);
                }
                "AUTH" => extensions.auth.extend(words.map(str::to_ascii_uppercase)),
                _ => {}
            }
        }
        extensions
    }
}
