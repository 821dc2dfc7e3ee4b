//! Functions in containers: images as code, runtimes that need an image, and what may not happen until one is here.

use tidegate_api_lambda::{CreateFunctionRequest, FunctionCode, UpdateFunctionConfigurationRequest};
use tidegate_runtime::{Fault, ImageFacts, Runtime};

use crate::error::Error;
use crate::service::Lambda;
use crate::store::{Address, Code, ImageCode, Pull, VersionRecord};

const NOT_WITH_AN_IMAGE: &str =
    "Please don't provide Handler or Runtime or Layer when the intended function PackageType is Image.";
const NOT_WITH_A_ZIP: &str = "Please don't provide ImageConfig when the intended function PackageType is Zip.";
const NO_SOURCE: &str = "Please provide a source for function code.";

/// An image that a request names, and what the engine has of it.
pub(super) struct GivenImage {
    pub uri: String,
    /// Nothing if it is still to be fetched.
    pub facts: Option<ImageFacts>,
}

impl GivenImage {
    /// Makes it the code of a version, or what is to become that. `is_first`: the version has never had any.
    pub(super) fn put(&self, version: &mut VersionRecord, is_first: bool) {
        (version.code_size, version.unzipped_size) = (0, 0);
        match &self.facts {
            Some(facts) => {
                version.code = Code::Image(image_code(&self.uri, facts));
                version.pull = None;
            }
            None => {
                if is_first {
                    version.code = Code::Image(ImageCode::to_come(&self.uri));
                }
                version.pull = Some(Pull { image: self.uri.clone(), is_first, failed: None });
            }
        }
    }
}

/// An image as it is kept once it is here.
pub(crate) fn image_code(uri: &str, facts: &ImageFacts) -> ImageCode {
    ImageCode { uri: uri.to_owned(), digest: facts.digest.clone(), id: facts.id.clone() }
}

/// Whether a new function is to be an image, with what goes with one.
pub(super) fn is_image(input: &CreateFunctionRequest) -> Result<bool, Error> {
    let code = input.code.as_ref();
    let has_zip = code.is_some_and(|code| code.zip_file.is_some() || code.s3_bucket.is_some());
    let has_image = code.is_some_and(|code| code.image_uri.is_some());
    let has_layers = input.layers.as_ref().is_some_and(|layers| !layers.is_empty());
    if input.package_type.as_deref() != Some("Image") {
        return match input.image_config {
            Some(_) => Err(Error::Invalid(NOT_WITH_A_ZIP.to_owned())),
            None => Ok(false),
        };
    }
    if input.runtime.is_some() || input.handler.is_some() || has_layers {
        return Err(Error::Invalid(NOT_WITH_AN_IMAGE.to_owned()));
    }
    if has_zip || !has_image {
        return Err(Error::Invalid(NO_SOURCE.to_owned()));
    }
    Ok(true)
}

/// Whether a change of settings goes with what the function is.
pub(super) fn check_change(input: &UpdateFunctionConfigurationRequest, version: &VersionRecord) -> Result<(), Error> {
    let has_layers = input.layers.as_ref().is_some_and(|layers| !layers.is_empty());
    let of_a_zip = input.runtime.is_some() || input.handler.is_some() || has_layers;
    match version.is_image() {
        true if of_a_zip => Err(Error::Invalid(NOT_WITH_AN_IMAGE.to_owned())),
        false if input.image_config.is_some() => Err(Error::Invalid(NOT_WITH_A_ZIP.to_owned())),
        _ => Ok(()),
    }
}

/// Whether other code goes with what the function is.
pub(super) fn check_code(given: &FunctionCode, version: &VersionRecord) -> Result<(), Error> {
    let words = match (version.is_image(), given.image_uri.is_some()) {
        (true, false) => "Please provide ImageUri when updating a function with packageType Image.",
        (false, true) => "Please don't provide ImageUri when updating a function with packageType Zip.",
        _ => return Ok(()),
    };
    Err(Error::Invalid(words.to_owned()))
}

/// Refuses what may not happen to a version while an image is on its way.
pub(super) fn check_settled(function: &Address, version: &VersionRecord) -> Result<(), Error> {
    match &version.pull {
        Some(pull) if pull.failed.is_some() => Ok(()),
        Some(pull) if pull.is_first => Err(in_state("Pending")),
        Some(_) => Err(Error::Conflict(format!(
            "The operation cannot be performed at this time. An update is in progress for resource: {}",
            function.arn()
        ))),
        None => Ok(()),
    }
}

/// Refuses to run what has never become ready.
pub(crate) fn check_ready(version: &VersionRecord) -> Result<(), Error> {
    match &version.pull {
        Some(pull) if pull.is_first => Err(in_state(if pull.failed.is_some() { "Failed" } else { "Pending" })),
        _ => Ok(()),
    }
}

fn in_state(state: &str) -> Error {
    Error::Conflict(format!(
        "The operation cannot be performed at this time. The function is currently in the following state: {state}"
    ))
}

/// Takes the image that a request names.
pub(super) async fn take_image(lambda: &Lambda, uri: String, architecture: &str) -> Result<GivenImage, Error> {
    let facts = lambda.runtimes.look_at_image(&uri, architecture).await.map_err(unavailable)?;
    Ok(GivenImage { uri, facts })
}

/// The image that a version's runtime needs on this machine and that is not here yet.
pub(super) async fn runtime_image(lambda: &Lambda, version: &VersionRecord) -> Result<Option<String>, Error> {
    let Some(image) = lambda.runtimes.image_of(&Runtime::parse(&version.runtime)).await.map_err(unavailable)? else {
        return Ok(None);
    };
    let present = lambda.runtimes.look_at_image(&image, &version.architecture).await.map_err(unavailable)?;
    Ok(present.is_none().then_some(image))
}

fn unavailable(fault: Fault) -> Error {
    Error::Invalid(fault.to_string())
}
