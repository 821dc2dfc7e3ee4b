use std::sync::Arc;

use tidegate_workers::{Next, Worker};

use crate::error::Error;
use crate::service::S3;

/// Removes the files of bodies that were replaced, of which no request waits for the end.
pub(crate) struct Removal {
    s3: Arc<S3>,
}

impl Removal {
    pub(crate) fn new(s3: Arc<S3>) -> Removal {
        Removal { s3 }
    }
}

impl Worker for Removal {
    type Error = Error;

    fn name(&self) -> &'static str {
        "s3 removal"
    }

    async fn run_once(&self) -> Result<Next, Error> {
        Ok(if self.s3.remove_leftovers().await { Next::Again } else { Next::OnHint })
    }
}
