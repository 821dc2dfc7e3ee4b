//! What is to be run, as `tidegate_runtime` wants it told.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tidegate_runtime::{FunctionSpec, Image, InitType, LogFormat, LogLevel, Runtime, Runtimes};

use crate::error::Error;
use crate::service::Lambda;
use crate::store::{Code, Function, VersionRecord};
use crate::wire;

/// The specification of each version that has run, so that workers of an older revision can be stopped.
#[derive(Default)]
pub(crate) struct Specs(Mutex<HashMap<(u64, u64), Arc<FunctionSpec>>>);

impl Specs {
    /// What is to be run for a version as it is now.
    ///
    /// # Errors
    /// Its code cannot be had.
    pub(crate) async fn of(
        &self,
        lambda: &Lambda,
        function: &Function,
        number: u64,
        version: &VersionRecord,
    ) -> Result<Arc<FunctionSpec>, Error> {
        let (code, stamp) = lambda.codes.folder(function.record.id, &version.code).await?;
        let id = format!("{:016x}:{number}:{}:{stamp}", function.record.id, version.revision);
        let place = (function.record.id, number);
        // The identity stays: what is warm serves on when a version is provisioned or is no more.
        let init = match function.to_be_ready().contains_key(&number) {
            true => InitType::ProvisionedConcurrency,
            false => InitType::OnDemand,
        };
        if let Some(known) = self.0.lock().get(&place)
            && known.id == id
            && known.init == init
        {
            return Ok(known.clone());
        }
        let layers = lambda.layer_folders(version).await?;
        let spec = Arc::new(FunctionSpec { init, ..spec(function, number, version, id, code, layers) });
        if let Some(old) = self.0.lock().insert(place, spec.clone())
            && old.id != spec.id
        {
            lambda.runtimes.retire(&old.id);
            // Environments that were kept ready are gone with it.
            lambda.provisioned.hint.give();
        }
        Ok(spec)
    }

    /// Stops the workers of a function that is gone.
    pub(crate) fn forget(&self, runtimes: &Runtimes, function: u64) {
        self.0.lock().retain(|(id, _), spec| {
            if *id == function {
                runtimes.retire(&spec.id);
            }
            *id != function
        });
    }
}

fn spec(
    function: &Function,
    number: u64,
    version: &VersionRecord,
    id: String,
    code: std::path::PathBuf,
    layers: Vec<std::path::PathBuf>,
) -> FunctionSpec {
    let address = &function.address;
    let level = |text: &Option<String>| text.as_deref().and_then(LogLevel::parse).unwrap_or(LogLevel::Info);
    FunctionSpec {
        id,
        arn: address.arn().to_string(),
        name: address.name.clone(),
        version: wire::number(number),
        account: address.account,
        region: address.region.clone(),
        runtime: runtime(version),
        handler: version.handler.clone(),
        code,
        layers,
        architecture: version.architecture.clone(),
        environment: version.environment.clone(),
        role: version.role.clone(),
        timeout_ms: u64::from(version.timeout) * 1000,
        memory_mb: version.memory,
        ephemeral_storage_mb: version.ephemeral_storage,
        log_group: version.log.group.clone().unwrap_or_else(|| format!("/aws/lambda/{}", address.name)),
        log_format: match version.log.is_json {
            true => LogFormat::Json {
                application: level(&version.log.application_level),
                system: level(&version.log.system_level),
            },
            false => LogFormat::Text,
        },
        tracing: version.is_traced,
        init: InitType::OnDemand,
    }
}

fn runtime(version: &VersionRecord) -> Runtime {
    let Code::Image(image) = &version.code else { return Runtime::parse(&version.runtime) };
    let settings = &version.image;
    Runtime::Image(Image {
        resolved: image.resolved().unwrap_or_default(),
        id: image.id.clone(),
        entry_point: settings.entry_point.clone(),
        command: settings.command.clone(),
        working_directory: Some(settings.working_directory.clone()).filter(|folder| !folder.is_empty()),
    })
}
