use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use tidegate_env::{Env, ManualClock, Report, TaskHandle};
use tidegate_mail::{Fate, Mail, Options, Outcomes, Outgoing, Parts};
use tidegate_queue::Queues;
use tidegate_store::engine::memory::MemoryDisk;
use tidegate_store::{Durability, EmbeddedStore, LatchKey, Space, Store, StoreError, TransactError, Tx, transact};
use tidegate_types::{AccountId, Region, Timestamp};
use tidegate_workers::Supervisor;

pub const START: Timestamp = Timestamp::from_secs(1_700_000_000);

/// A server with mail and nothing else.
pub struct Bed {
    pub env: Env,
    pub clock: Arc<ManualClock>,
    pub store: Arc<EmbeddedStore>,
    pub mail: Arc<Mail>,
    disk: MemoryDisk,
    options: Options,
    _told: Arc<Told>,
    _supervisor: Supervisor,
    _timers: TaskHandle<()>,
}

/// Writes every fate down, in the transaction in which it is told.
struct Told;

impl Outcomes for Told {
    fn latches(&self, mail: &Outgoing, _fate: &Fate) -> Vec<LatchKey> {
        vec![[b"told ", mail.id.as_bytes()].concat().into()]
    }

    fn concluded<'a>(
        &'a self,
        tx: &'a mut Tx,
        mail: &'a Outgoing,
        fate: &'a Fate,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        async move {
            let key = [b"\xfe", mail.id.as_bytes()].concat();
            let so_far = tx.get(Space::Map, &key).await?.map(|record| record.value).unwrap_or_default();
            tx.put(Space::Map, key, [&so_far[..], fate_line(fate).as_bytes(), b"\n"].concat());
            Ok(())
        }
        .boxed()
    }
}

fn fate_line(fate: &Fate) -> String {
    match fate {
        Fate::Delivered { recipients, response, .. } => format!("delivered {} {response}", recipients.join(",")),
        Fate::Bounced { permanent, recipients, .. } => {
            let who: Vec<_> = recipients.iter().map(|one| format!("{} {}", one.recipient, one.diagnostic)).collect();
            format!("bounced {permanent} {}", who.join(","))
        }
        Fate::Delayed { recipients, attempts, .. } => {
            let who: Vec<_> = recipients.iter().map(|one| format!("{} {}", one.recipient, one.diagnostic)).collect();
            format!("delayed {attempts} {}", who.join(","))
        }
    }
}

impl Bed {
    pub async fn new(options: Options) -> Bed {
        Bed::on(MemoryDisk::seeded(7), START, options).await
    }

    pub async fn with_relay(url: &str) -> Bed {
        Bed::new(Options { relay: Some(url.parse().unwrap()), ..Options::default() }).await
    }

    async fn on(disk: MemoryDisk, now: Timestamp, options: Options) -> Bed {
        let (env, clock) = Env::manual(7, now);
        let store = EmbeddedStore::on_disk(env.clone(), Box::new(disk.clone()), Durability::Always).unwrap();
        let queues = Queues::open(store.clone(), env.clone()).await.unwrap();
        let parts = Parts { store: store.clone(), queues: queues.clone(), env: env.clone() };
        let mail = Mail::open(parts, options.clone()).await.unwrap();
        let told: Arc<Told> = Arc::new(Told);
        let weak: Weak<Told> = Arc::downgrade(&told);
        mail.tell(weak);
        let supervisor = Supervisor::new(env.clone());
        mail.start(&supervisor);
        let timers = env.spawn("timers", queues.run_timers());
        Bed { env, clock, store, mail, disk, options, _told: told, _supervisor: supervisor, _timers: timers }
    }

    /// As after a `kill -9`: what was going on is cut off.
    pub async fn killed(self) -> Bed {
        let Bed { disk, store, env, options, mail, _supervisor, _timers, .. } = self;
        let now = env.now();
        let snapshot = store.snapshot().unwrap();
        assert_eq!(tidegate_mail::invariants::violations(&*snapshot).await.unwrap(), Vec::<String>::new());
        mail.stop(Duration::ZERO).await;
        drop((mail, _supervisor, _timers));
        env.run_blocking(move || store.close()).await;
        Bed::on(disk, now, options).await
    }

    pub async fn send(&self, mail: &Outgoing) {
        let sent: Result<_, TransactError<StoreError>> =
            transact(&*self.store, &[], async |tx| self.mail.send_in_tx(tx, mail).await).await;
        sent.unwrap();
    }

    /// What was told of a mail, a line each.
    pub async fn told(&self, id: &str) -> Vec<String> {
        let snapshot = self.store.snapshot().unwrap();
        let found = snapshot.get(Space::Map, &[b"\xfe", id.as_bytes()].concat()).await.unwrap();
        let text = found.map(|record| String::from_utf8(record.value.to_vec()).unwrap()).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    pub fn report(&self) -> Report {
        self.env.activity().report(self.env.now())
    }

    /// Until nothing moves any more.
    pub async fn settle(&self) {
        while !self.report().busy.is_empty() {
            tokio::task::yield_now().await;
        }
    }

    /// Moves time to what is due next, and lets it happen.
    pub async fn next(&self) -> Duration {
        let due = self.report().next_due().expect("something waits");
        let pause = due.since(self.env.now());
        self.clock.advance(pause);
        self.settle().await;
        assert_eq!(self.violations().await, Vec::<String>::new());
        pause
    }

    /// Every invariant that does not hold.
    pub async fn violations(&self) -> Vec<String> {
        tidegate_mail::invariants::violations(&*self.store.snapshot().unwrap()).await.unwrap()
    }

    /// How many records there are in all of mail's key space.
    pub async fn records(&self) -> usize {
        let snapshot = self.store.snapshot().unwrap();
        let mut records = 0;
        for space in [Space::Map, Space::Log] {
            let range = tidegate_store::KeyRange::prefix(&[0x08]);
            let page = tidegate_store::Page::of(100_000);
            records += snapshot.scan(space, &range, tidegate_store::Order::Ascending, page).await.unwrap().len();
        }
        records
    }
}

pub fn mail(id: &str, to: &[&str], mime: impl Into<Bytes>) -> Outgoing {
    Outgoing {
        id: id.to_owned(),
        account: AccountId::DEFAULT,
        region: Region::us_east_1(),
        envelope_from: "bounces@sender.example".to_owned(),
        recipients: to.iter().map(|&one| one.to_owned()).collect(),
        mime: mime.into(),
        configuration_set: Some("set".to_owned()),
        tags: vec![("campaign".to_owned(), "welcome".to_owned())],
        trace: None,
    }
}

/// A small message.
pub fn text(subject: &str) -> String {
    format!("From: Ann <ann@sender.example>\r\nTo: bob@example.com\r\nSubject: {subject}\r\n\r\nHello.\r\n")
}
