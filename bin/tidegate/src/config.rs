//! What a server is started with: flags, then `TIDEGATE_*`, then `tidegate.toml`, then defaults.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};

use tidegate_mail::RelayAddress;

use crate::cli::{Auth, LogFormat, MailVerify, Settings, UpArgs};

/// The data folder when none is named.
pub const DEFAULT_DATA: &str = "./tidegate-data";
/// LocalStack's port, which tools know.
pub const DEFAULT_PORT: u16 = 4566;
/// The settings file that is read when it is there.
const DEFAULT_FILE: &str = "tidegate.toml";

/// Everything decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// The data folder; `None`: in memory.
    pub data: Option<PathBuf>,
    /// Whether time may be moved and everything reset.
    pub virtual_clock: bool,
    /// Whether signatures are verified.
    pub auth: Auth,
    /// Whether the server listens beyond loopback with nobody's signature checked.
    pub exposed: bool,
    /// Whether HTTPS is answered too.
    pub tls: bool,
    /// The folder of init scripts.
    pub init: Option<PathBuf>,
    /// When a commit is acknowledged.
    pub durability: Durability,
    /// Origins that may use the server.
    pub allow_origin: Vec<String>,
    /// Host names besides our own.
    pub allow_host: Vec<String>,
    /// Whether `X-Forwarded-*` headers are believed.
    pub trust_proxy: bool,
    /// Whether requests beyond a table's throughput are refused.
    pub enforce_throughput: bool,
    /// Whether a deleted queue's name must rest for a minute.
    pub rest_queue_names: bool,
    /// The program that speaks to the container engine, if one is named.
    pub docker: Option<String>,
    /// The relay that mail leaves by.
    pub smtp: Option<RelayAddress>,
    /// How SES's identities become verified.
    pub mail_verify: MailVerify,
    /// Whether accounts are in SES's sandbox.
    pub mail_sandbox: bool,
    /// Where mail is taken.
    pub smtp_listen: Option<SocketAddr>,
    /// How many mails the mailbox keeps.
    pub mail_keep: usize,
    /// The log filter.
    pub log: String,
    /// The shape of log lines.
    pub log_format: LogFormat,
    /// The file that receives the URL.
    pub ready_file: Option<PathBuf>,
    /// Whether a folder that lacks acknowledged commits is opened all the same.
    pub accept_loss: bool,
}

/// When a commit is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Once it is on the disk.
    Always,
    /// At once; it reaches the disk at most this much later.
    Interval(Duration),
}

impl Config {
    /// Reads the file, if there is one, and settles every setting.
    ///
    /// # Errors
    /// A file that cannot be read, settings that contradict each other, and an unprotected address.
    pub fn resolve(args: UpArgs) -> anyhow::Result<Config> {
        let file = match &args.config {
            Some(path) => read_file(path)?,
            None if Path::new(DEFAULT_FILE).exists() => read_file(Path::new(DEFAULT_FILE))?,
            None => Settings::default(),
        };
        let accept_loss = args.accept_loss;
        Ok(Config { accept_loss, ..settle(args.settings, file)? })
    }
}

fn read_file(path: &Path) -> anyhow::Result<Settings> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read the settings file {}", path.display()))?;
    toml::from_str(&text).with_context(|| format!("the settings file {} is not understood", path.display()))
}

fn settle(given: Settings, file: Settings) -> anyhow::Result<Config> {
    let yes = |given: Option<bool>, file: Option<bool>| given.or(file).unwrap_or(false);
    let host = given.host.or(file.host);
    let host = host.as_deref().map_or(Ok(IpAddr::V4(Ipv4Addr::LOCALHOST)), parse_host)?;
    let listen = SocketAddr::new(host, given.port.or(file.port).unwrap_or(DEFAULT_PORT));
    let ephemeral = yes(given.ephemeral, file.ephemeral);
    let auth = given.auth.or(file.auth).unwrap_or(Auth::Local);
    let exposed = !listen.ip().is_loopback() && auth != Auth::Enforce;
    let asked_for = yes(given.unsafe_no_auth, file.unsafe_no_auth);
    if exposed && !asked_for {
        bail!(
            "refusing to listen on {}: anybody who reaches it could do anything. Listen on 127.0.0.1, verify \
             signatures with --auth enforce, or, where only trusted machines reach it (a container's port), say \
             --unsafe-no-auth",
            listen.ip()
        );
    }
    let smtp_listen = given.smtp_listen.or(file.smtp_listen).as_deref().map(parse_smtp_listen).transpose()?;
    if let Some(address) = smtp_listen.filter(|address| !address.ip().is_loopback())
        && !asked_for
        && auth != Auth::Enforce
    {
        bail!(
            "refusing to take mail on {}: anybody who reaches it could send some. Listen on 127.0.0.1, or, where only \
             trusted machines reach it, say --unsafe-no-auth",
            address.ip()
        );
    }
    let data = given.data.or(file.data);
    let durability = given.durability.or(file.durability);
    Ok(Config {
        listen,
        data: (!ephemeral).then(|| data.unwrap_or_else(|| PathBuf::from(DEFAULT_DATA))),
        virtual_clock: ephemeral || yes(given.virtual_clock, file.virtual_clock),
        auth,
        exposed,
        tls: yes(given.tls, file.tls),
        init: given.init.or(file.init),
        durability: durability.as_deref().map_or(Ok(Durability::Always), parse_durability)?,
        allow_origin: given.allow_origin.or(file.allow_origin).unwrap_or_default(),
        allow_host: given.allow_host.or(file.allow_host).unwrap_or_default(),
        trust_proxy: yes(given.trust_proxy, file.trust_proxy),
        enforce_throughput: yes(given.enforce_throughput, file.enforce_throughput),
        rest_queue_names: yes(given.rest_queue_names, file.rest_queue_names),
        docker: given.docker.or(file.docker),
        smtp: given.smtp.or(file.smtp).map(|url| url.parse()).transpose()?,
        mail_verify: given.mail_verify.or(file.mail_verify).unwrap_or_default(),
        mail_sandbox: yes(given.mail_sandbox, file.mail_sandbox),
        smtp_listen,
        mail_keep: given.mail_keep.or(file.mail_keep).unwrap_or(tidegate_mail::KEPT),
        log: given.log.or(file.log).unwrap_or_else(|| "warn".to_owned()),
        log_format: given.log_format.or(file.log_format).unwrap_or(LogFormat::Text),
        ready_file: given.ready_file.or(file.ready_file),
        accept_loss: false,
    })
}

/// Other names are not looked up: what they mean may change, and the port would be open to somebody else.
fn parse_host(text: &str) -> anyhow::Result<IpAddr> {
    if text.eq_ignore_ascii_case("localhost") {
        return Ok(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse()
        .ok()
        .with_context(|| format!("--host is an address of this machine such as 127.0.0.1, or localhost, not `{text}`"))
}

/// A port alone is one of this machine's own.
fn parse_smtp_listen(text: &str) -> anyhow::Result<SocketAddr> {
    let address = match text.parse() {
        Ok(port) => Some(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)),
        Err(_) => text.replace("localhost", "127.0.0.1").parse().ok(),
    };
    address
        .with_context(|| format!("--smtp-listen is a port, or an address and a port like 127.0.0.1:1025, not `{text}`"))
}

fn parse_durability(text: &str) -> anyhow::Result<Durability> {
    if text == "always" {
        return Ok(Durability::Always);
    }
    let duration = text.strip_prefix("interval=").and_then(|text| {
        let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
        match unit {
            "ms" => number.parse().ok().map(Duration::from_millis),
            "s" => number.parse().ok().map(Duration::from_secs),
            _ => None,
        }
    });
    match duration {
        Some(duration) if !duration.is_zero() && duration <= Duration::from_secs(60) => {
            Ok(Durability::Interval(duration))
        }
        _ => bail!("--durability is `always` or `interval=50ms` (1ms to 60s), not `{text}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Settings {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn what_is_given_wins_over_the_file_and_the_file_over_the_defaults() {
        let given = Settings { port: Some(1), ..Settings::default() };
        let file = parse("port = 2\nhost = \"127.0.0.2\"\nvirtual-clock = true\nallow-host = [\"a\", \"b\"]");
        let config = settle(given, file).unwrap();
        assert_eq!(config.listen, "127.0.0.2:1".parse().unwrap());
        assert_eq!(config.data, Some(PathBuf::from(DEFAULT_DATA)));
        assert!(config.virtual_clock);
        assert_eq!(config.allow_host, ["a", "b"]);
        assert_eq!(config.durability, Durability::Always);
    }

    #[test]
    fn an_ephemeral_server_has_no_folder_and_may_move_time() {
        let config = settle(parse("ephemeral = true\ndata = \"x\""), Settings::default()).unwrap();
        assert_eq!((config.data, config.virtual_clock), (None, true));
    }

    #[test]
    fn beyond_loopback_somebody_must_check_signatures() {
        let open = |more: &str| settle(parse(&format!("host = \"0.0.0.0\"\n{more}")), Settings::default());
        let refusal = open("").unwrap_err().to_string();
        assert!(refusal.contains("--auth enforce") && refusal.contains("--unsafe-no-auth"), "{refusal}");
        assert!(open("unsafe-no-auth = true").unwrap().exposed);
        assert!(!open("auth = \"enforce\"").unwrap().exposed);
        assert!(open("auth = \"observe\"").is_err(), "watching is no protection");
        assert!(settle(parse("host = \"::1\""), Settings::default()).is_ok());
    }

    #[test]
    fn the_host_is_an_address_or_localhost() {
        let host = |text: &str| settle(parse(&format!("host = {text:?}")), Settings::default());
        assert_eq!(host("localhost").unwrap().listen, "127.0.0.1:4566".parse().unwrap());
        assert_eq!(host("[::1]").unwrap().listen, "[::1]:4566".parse().unwrap());
        let refusal = host("example.com").unwrap_err().to_string();
        assert!(refusal.contains("--host") && refusal.contains("example.com"), "{refusal}");
    }

    #[test]
    fn mail_comes_in_from_this_machine_unless_asked() {
        let listen = |text: &str| settle(parse(text), Settings::default()).map(|config| config.smtp_listen);
        let local = |port| Some(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port));
        assert_eq!(listen("").unwrap(), None);
        assert_eq!(listen("smtp-listen = \"1025\"").unwrap(), local(1025));
        assert_eq!(listen("smtp-listen = \"localhost:25\"").unwrap(), local(25));
        assert!(listen("smtp-listen = \"0.0.0.0:25\"").is_err());
        assert!(listen("smtp-listen = \"0.0.0.0:25\"\nunsafe-no-auth = true").is_ok());
        assert!(listen("smtp-listen = \"mail\"").is_err());
        assert!(listen("smtp = \"http://mail\"").is_err());
    }

    #[test]
    fn unknown_settings_are_not_passed_over() {
        let error = toml::from_str::<Settings>("prot = 1").unwrap_err().to_string();
        assert!(error.contains("prot"), "{error}");
    }

    #[test]
    fn durability_is_always_or_an_interval() {
        assert_eq!(parse_durability("interval=50ms").unwrap(), Durability::Interval(Duration::from_millis(50)));
        assert_eq!(parse_durability("interval=2s").unwrap(), Durability::Interval(Duration::from_secs(2)));
        for text in ["", "never", "interval=", "interval=0ms", "interval=5", "interval=2h", "interval=61s"] {
            assert!(parse_durability(text).is_err(), "{text:?}");
        }
    }
}
