//! Configuration sets: what is done with the mails that name them.

use serde::{Deserialize, Serialize};

use super::tags::Tags;

/// What happens to a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "AWS's words")]
pub enum EventType {
    Send,
    Reject,
    Bounce,
    Complaint,
    Delivery,
    Open,
    Click,
    RenderingFailure,
    DeliveryDelay,
    Subscription,
}

impl EventType {
    /// All, with their names in version 1 (those it has) and version 2 of the API, and in events.
    pub const ALL: [(EventType, &'static str, &'static str, &'static str); 10] = [
        (EventType::Send, "send", "SEND", "Send"),
        (EventType::Reject, "reject", "REJECT", "Reject"),
        (EventType::Bounce, "bounce", "BOUNCE", "Bounce"),
        (EventType::Complaint, "complaint", "COMPLAINT", "Complaint"),
        (EventType::Delivery, "delivery", "DELIVERY", "Delivery"),
        (EventType::Open, "open", "OPEN", "Open"),
        (EventType::Click, "click", "CLICK", "Click"),
        (EventType::RenderingFailure, "renderingFailure", "RENDERING_FAILURE", "Rendering Failure"),
        (EventType::DeliveryDelay, "deliveryDelay", "DELIVERY_DELAY", "DeliveryDelay"),
        (EventType::Subscription, "subscription", "SUBSCRIPTION", "Subscription"),
    ];

    fn names(self) -> (&'static str, &'static str, &'static str) {
        let found = EventType::ALL.iter().find(|(kind, ..)| *kind == self);
        found.map(|(_, one, two, event)| (*one, *two, *event)).expect("every kind is listed")
    }

    /// Its name in version 1 of the API.
    pub fn v1(self) -> &'static str {
        self.names().0
    }

    /// Its name in version 2 of the API.
    pub fn v2(self) -> &'static str {
        self.names().1
    }

    /// Its name in events.
    pub fn in_events(self) -> &'static str {
        self.names().2
    }

    /// The kind of this name in either API.
    pub fn parse(name: &str) -> Option<EventType> {
        EventType::ALL.iter().find(|(_, one, two, _)| *one == name || *two == name).map(|(kind, ..)| *kind)
    }
}

/// Where events go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum EventTarget {
    /// A topic.
    Sns(String),
    /// The default event bus.
    EventBridge(String),
    /// Metrics. Kept; there is no service of metrics.
    CloudWatch(Vec<Dimension>),
    /// A delivery stream. Kept; there is no service of delivery streams.
    Firehose {
        /// The role that writes to it.
        role: String,
        /// The stream.
        stream: String,
    },
    /// An application. Kept; there is no such service.
    Pinpoint(Option<String>),
}

/// A dimension of metrics.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dimension {
    /// Its name.
    pub name: String,
    /// Where its value comes from: `MESSAGE_TAG`, `EMAIL_HEADER`, `LINK_TAG`.
    pub source: String,
    /// Its value if that is not there.
    pub default: String,
}

/// Events and where they go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destination {
    /// Its name.
    pub name: String,
    /// Whether anything is sent.
    pub enabled: bool,
    /// Which events.
    pub events: Vec<EventType>,
    /// Where to.
    pub target: EventTarget,
}

impl Destination {
    /// Whether it wants such an event.
    pub fn wants(&self, event: EventType) -> bool {
        self.enabled && self.events.contains(&event)
    }
}

/// Why mail to an address is suppressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "AWS's words")]
pub enum Reason {
    Bounce,
    Complaint,
}

impl Reason {
    /// AWS's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::Bounce => "BOUNCE",
            Reason::Complaint => "COMPLAINT",
        }
    }

    /// The reason of this name.
    pub fn parse(name: &str) -> Option<Reason> {
        [Reason::Bounce, Reason::Complaint].into_iter().find(|reason| reason.as_str() == name)
    }
}

/// Settings of the deliverability manager. Kept and shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vdm {
    /// `ENABLED`, `DISABLED`.
    pub engagement_metrics: Option<String>,
    /// `ENABLED`, `DISABLED`.
    pub optimized_shared_delivery: Option<String>,
}

/// A configuration set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigurationSet {
    /// Its name.
    pub name: String,
    /// Milliseconds since the epoch.
    pub created_at: u64,
    /// Whether mails that name it are sent.
    pub sending_enabled: bool,
    /// When its reputation began anew: milliseconds since the epoch.
    pub fresh_start: Option<u64>,
    /// Whether reputation is measured. Kept.
    pub reputation_metrics: bool,
    /// `REQUIRE`, `OPTIONAL`. Kept: a relay's address says whether TLS is used.
    pub tls_policy: String,
    /// The pool of addresses. Kept.
    pub pool: Option<String>,
    /// For how long delivery is tried.
    pub max_delivery_seconds: Option<i64>,
    /// The domain of links. Kept: links lead to this server.
    pub redirect_domain: Option<String>,
    /// `REQUIRE`, `OPTIONAL`, `REQUIRE_OPEN_ONLY`.
    pub https_policy: Option<String>,
    /// What suppresses mails; `None`: what the account says.
    pub suppression: Option<Vec<Reason>>,
    /// Settings of the deliverability manager.
    pub vdm: Option<Vdm>,
    /// The archive. Kept.
    pub archive: Option<String>,
    /// Where events go.
    pub destinations: Vec<Destination>,
    /// Its tags.
    pub tags: Tags,
}

impl ConfigurationSet {
    /// A new one with AWS's defaults.
    pub fn new(name: &str, created_at: u64) -> ConfigurationSet {
        ConfigurationSet {
            name: name.to_owned(),
            created_at,
            sending_enabled: true,
            fresh_start: None,
            reputation_metrics: false,
            tls_policy: "OPTIONAL".to_owned(),
            pool: None,
            max_delivery_seconds: None,
            redirect_domain: None,
            https_policy: None,
            suppression: None,
            vdm: None,
            archive: None,
            destinations: Vec::new(),
            tags: Tags::new(),
        }
    }

    /// The event destination of this name.
    pub fn destination(&mut self, name: &str) -> Option<&mut Destination> {
        self.destinations.iter_mut().find(|destination| destination.name == name)
    }
}

/// Whether this may be the name of a set, a destination or a message tag: letters, digits, `_` and `-`.
pub fn is_plain_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}
