//! Fetches the images that functions wait for.
//!
//! A version says which image is still to come ([`crate::store::Pull`]); that is all there is to know, so that a server
//! that starts again goes on where another was killed. Each image has a task of its own: they take minutes, and a slow
//! registry keeps nobody else waiting. A worker starts the tasks when the catalogue has changed.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use tidegate_env::{Activity, Report, TaskHandle};
use tidegate_record::Stored;
use tidegate_runtime::{ImageFacts, PullRefusal};
use tidegate_store::{Space, Tx};
use tidegate_types::Timestamp;
use tidegate_workers::{Hint, Next, Worker};

use crate::error::Error;
use crate::ops::image_code;
use crate::service::Lambda;
use crate::store::{Address, Code, Pull, PullFailure, VersionRecord, keys};

/// How long until an engine that does not answer, or a store that is not available, is asked again: real time.
const PAUSE: Duration = Duration::from_secs(5);

/// A version that waits for an image.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Wanted {
    address: Address,
    function: u64,
    number: u64,
    architecture: String,
    image: String,
}

/// The images that are on their way.
pub(crate) struct Pulls {
    pub hint: Hint,
    tasks: Mutex<HashMap<Wanted, TaskHandle<()>>>,
}

impl Activity for Pulls {
    fn report(&self, _now: Timestamp, report: &mut Report) {
        report.busy("container image on its way", self.tasks.lock().len() as u64);
    }
}

impl Pulls {
    pub(crate) fn new(hint: Hint) -> Arc<Pulls> {
        Arc::new(Pulls { hint, tasks: Mutex::default() })
    }

    /// Starts what is wanted and ends what is not.
    fn reconcile(&self, lambda: &Arc<Lambda>) {
        let wanted = all_wanted(lambda);
        let mut tasks = self.tasks.lock();
        tasks.retain(|known, _| wanted.contains(known));
        for one in wanted {
            let task = || lambda.env.spawn("container image", fetch(lambda.me.clone(), one.clone()));
            tasks.entry(one.clone()).or_insert_with(task);
        }
    }
}

fn all_wanted(lambda: &Lambda) -> Vec<Wanted> {
    let mut wanted = Vec::new();
    for function in lambda.directory.all() {
        for (number, version) in &function.versions {
            if let Some(Pull { image, failed: None, .. }) = &version.pull {
                wanted.push(Wanted {
                    address: function.address.clone(),
                    function: function.record.id,
                    number: *number,
                    architecture: version.architecture.clone(),
                    image: image.clone(),
                });
            }
        }
    }
    wanted
}

/// Fetches an image and says so to the version that waits for it.
async fn fetch(lambda: Weak<Lambda>, wanted: Wanted) {
    while let Some(lambda) = lambda.upgrade() {
        let fetched = lambda.runtimes.fetch_image(&wanted.image, &wanted.architecture).await;
        let is_over = match &fetched {
            // It may be started at any time.
            Err(PullRefusal::NoEngine(why)) => {
                tracing::warn!(image = wanted.image, why, "an image waits for the container engine");
                false
            }
            _ => match conclude(&lambda, &wanted, &fetched).await {
                Ok(()) => true,
                Err(error) => {
                    tracing::warn!(image = wanted.image, %error, "that an image is here could not be written");
                    false
                }
            },
        };
        if is_over {
            // This ends the calling task at its next wait: it has none left. The hint comes after, so that an image
            // that is wanted again already gets a task again.
            drop(lambda.pulls.tasks.lock().remove(&wanted));
            lambda.pulls.hint.give();
            return;
        }
        lambda.env.sleep_real(PAUSE).await;
    }
}

async fn conclude(lambda: &Lambda, wanted: &Wanted, fetched: &Result<ImageFacts, PullRefusal>) -> Result<(), Error> {
    let key = &keys::version(wanted.function, wanted.number);
    lambda
        .transact(&[keys::function(&wanted.address)], async |tx: &mut Tx| {
            let Some(mut version) = crate::ops::read::<VersionRecord>(tx, key).await? else { return Ok(()) };
            let is_same = |pull: &Pull| pull.failed.is_none() && pull.image == wanted.image;
            if !version.pull.as_ref().is_some_and(is_same) {
                return Ok(());
            }
            match fetched {
                Ok(facts) => arrive(&mut version, facts),
                Err(refusal) => fail(&mut version, refusal),
            }
            tx.put(Space::Map, key.clone(), version.encode());
            Ok(())
        })
        .await?;
    Ok(())
}

fn arrive(version: &mut VersionRecord, facts: &ImageFacts) {
    let Some(pull) = version.pull.take() else { return };
    if let Code::Image(_) = version.code {
        version.code = Code::Image(image_code(&pull.image, facts));
    }
}

/// AWS's codes, and its words where it has any: it does not fetch from elsewhere than its own registry.
fn fail(version: &mut VersionRecord, refusal: &PullRefusal) {
    let Some(pull) = &mut version.pull else { return };
    let image = &pull.image;
    let (code, reason) = match refusal {
        PullRefusal::Denied(said) => (
            "ImageAccessDenied",
            format!("Lambda does not have permission to access the ECR image. Check the ECR permissions. ({said})"),
        ),
        PullRefusal::Missing(said) => {
            ("InvalidImage", format!("Source image {image} does not exist. Provide a valid source image. ({said})"))
        }
        PullRefusal::Invalid(said) => {
            ("InvalidImage", format!("Source image {image} is not valid. Provide a valid source image. ({said})"))
        }
        PullRefusal::Unreachable(said) | PullRefusal::NoEngine(said) => {
            ("InternalError", format!("The image could not be fetched: {said}"))
        }
    };
    tracing::warn!(%image, code, reason, "a function's image cannot be had");
    pull.failed = Some(PullFailure { code: code.to_owned(), reason });
}

/// The worker.
pub(crate) struct Pulling(pub Weak<Lambda>);

impl Worker for Pulling {
    type Error = Error;

    fn name(&self) -> &'static str {
        "lambda container images"
    }

    async fn run_once(&self) -> Result<Next, Error> {
        if let Some(lambda) = self.0.upgrade() {
            lambda.pulls.reconcile(&lambda);
        }
        Ok(Next::OnHint)
    }
}
