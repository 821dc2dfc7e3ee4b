use std::collections::BTreeMap;

use tidegate_record::{DecodeError, Reader, Stored, Writer};
use tidegate_types::Timestamp;

/// Where a version's code is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Code {
    /// In a zip file with this SHA-256, which [`crate::store::CodeRecord`] finds.
    Zip([u8; 32]),
    /// In a folder of this machine, from which it runs as it is at the moment.
    Folder(String),
    /// In a container image.
    Image(ImageCode),
}

/// A container image that is a function's code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageCode {
    /// Its name, as its owner gave it.
    pub uri: String,
    /// The SHA-256 that it has in its registry, as hexadecimal digits; empty until it is here.
    pub digest: String,
    /// Its number in the container engine; empty until it is here.
    pub id: String,
}

impl ImageCode {
    /// One that is not here yet.
    pub fn to_come(uri: &str) -> ImageCode {
        ImageCode { uri: uri.to_owned(), digest: String::new(), id: String::new() }
    }

    /// Its name with its digest instead of a tag, once it is here.
    pub fn resolved(&self) -> Option<String> {
        let repository = tidegate_runtime::repository(&self.uri);
        (!self.digest.is_empty()).then(|| format!("{repository}@sha256:{}", self.digest))
    }
}

/// What is otherwise than an image says itself; what is empty is as it says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImageSettings {
    /// The program, and what it is told first.
    pub entry_point: Vec<String>,
    /// What the program is told.
    pub command: Vec<String>,
    /// The folder in which it starts.
    pub working_directory: String,
}

/// An image that a version waits for: its code, or what runs its runtime.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pull {
    /// Its name.
    pub image: String,
    /// Whether the version cannot run before it is here.
    pub is_first: bool,
    /// Why it did not come.
    pub failed: Option<PullFailure>,
}

/// Why an image did not come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullFailure {
    /// AWS's code for it.
    pub code: String,
    /// In words.
    pub reason: String,
}

/// A layer of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerUse {
    /// The ARN of the layer's version.
    pub arn: String,
    /// The bytes of its zip file.
    pub code_size: u64,
}

/// Where a function's output goes, and in which form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSettings {
    /// Whether each line is a JSON object.
    pub is_json: bool,
    /// The least level of the function's own lines, where they are JSON.
    pub application_level: Option<String>,
    /// The least level of the platform's lines, where they are JSON.
    pub system_level: Option<String>,
    /// The log group; its own if there is none.
    pub group: Option<String>,
}

/// One version of a function: its code and configuration. The function and the number are its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionRecord {
    /// Changes with each change.
    pub revision: String,
    /// When it last changed.
    pub modified_at: Timestamp,
    /// Where its code is.
    pub code: Code,
    /// The bytes of the zip file.
    pub code_size: u64,
    /// The bytes of the files in it.
    pub unzipped_size: u64,
    /// What its owner says of it.
    pub description: String,
    /// The identifier of its runtime.
    pub runtime: String,
    /// The entry point.
    pub handler: String,
    /// The role that it acts by.
    pub role: String,
    /// How long it may run, in seconds.
    pub timeout: u32,
    /// How much memory it may take, in MB.
    pub memory: u32,
    /// How much it may keep in `/tmp`, in MB.
    pub ephemeral_storage: u32,
    /// The variables that its owner set.
    pub environment: BTreeMap<String, String>,
    /// Where events go that it failed to process.
    pub dead_letter: Option<String>,
    /// Its layers, in order.
    pub layers: Vec<LayerUse>,
    /// Whether its invocations are traced.
    pub is_traced: bool,
    /// Its log.
    pub log: LogSettings,
    /// `x86_64` or `arm64`.
    pub architecture: String,
    /// The settings that are kept and shown without effect, as the JSON of a `FunctionConfiguration`.
    pub without_effect: String,
    /// What its image is told.
    pub image: ImageSettings,
    /// The image that it waits for.
    pub pull: Option<Pull>,
}

impl VersionRecord {
    /// Whether its code is a container image.
    pub fn is_image(&self) -> bool {
        matches!(self.code, Code::Image(_))
    }

    /// Whether it has never been able to run.
    pub fn is_unborn(&self) -> bool {
        self.pull.as_ref().is_some_and(|pull| pull.is_first)
    }

    /// The SHA-256 of its zip file; zeros if it has none.
    pub fn sha256(&self) -> [u8; 32] {
        match &self.code {
            Code::Zip(sha256) => *sha256,
            Code::Folder(_) | Code::Image(_) => [0; 32],
        }
    }
}

pub(crate) fn write_texts(to: &mut Writer, texts: &BTreeMap<String, String>) {
    to.list(texts.iter(), |to, (name, value)| {
        to.text(name);
        to.text(value);
    });
}

pub(crate) fn read_texts(from: &mut Reader<'_>) -> Result<BTreeMap<String, String>, DecodeError> {
    from.list(|from| Ok((from.text()?, from.text()?)))
}

const ZIP: u8 = 1;
const FOLDER: u8 = 2;
const IMAGE: u8 = 3;

impl Stored for VersionRecord {
    const NAME: &'static str = "lambda version";
    const VERSION: u8 = 2;

    fn write(&self, to: &mut Writer) {
        to.text(&self.revision);
        to.timestamp(self.modified_at);
        match &self.code {
            Code::Zip(sha256) => {
                to.u8(ZIP);
                to.array(sha256);
            }
            Code::Folder(path) => {
                to.u8(FOLDER);
                to.text(path);
            }
            Code::Image(image) => {
                to.u8(IMAGE);
                to.text(&image.uri);
                to.text(&image.digest);
                to.text(&image.id);
            }
        }
        to.varint(self.code_size);
        to.varint(self.unzipped_size);
        to.text(&self.description);
        to.text(&self.runtime);
        to.text(&self.handler);
        to.text(&self.role);
        to.u32(self.timeout);
        to.u32(self.memory);
        to.u32(self.ephemeral_storage);
        write_texts(to, &self.environment);
        to.option(self.dead_letter.as_deref(), Writer::text);
        to.list(self.layers.iter(), |to, layer| {
            to.text(&layer.arn);
            to.varint(layer.code_size);
        });
        to.bool(self.is_traced);
        to.bool(self.log.is_json);
        to.option(self.log.application_level.as_deref(), Writer::text);
        to.option(self.log.system_level.as_deref(), Writer::text);
        to.option(self.log.group.as_deref(), Writer::text);
        to.text(&self.architecture);
        to.text(&self.without_effect);
        to.list(self.image.entry_point.iter(), |to, text| to.text(text));
        to.list(self.image.command.iter(), |to, text| to.text(text));
        to.text(&self.image.working_directory);
        to.option(self.pull.as_ref(), |to, pull| {
            to.text(&pull.image);
            to.bool(pull.is_first);
            to.option(pull.failed.as_ref(), |to, failure| {
                to.text(&failure.code);
                to.text(&failure.reason);
            });
        });
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let first = VersionRecord::read_first(from)?;
        let image = ImageSettings {
            entry_point: from.list(Reader::text)?,
            command: from.list(Reader::text)?,
            working_directory: from.text()?,
        };
        let failure = |from: &mut Reader<'_>| Ok(PullFailure { code: from.text()?, reason: from.text()? });
        let pull = from
            .option(|from| Ok(Pull { image: from.text()?, is_first: from.bool()?, failed: from.option(failure)? }))?;
        Ok(VersionRecord { image, pull, ..first })
    }

    fn read_older(version: u8, from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match version {
            1 => VersionRecord::read_first(from),
            found => Err(DecodeError::UnknownVersion { record: Self::NAME, found }),
        }
    }
}

impl VersionRecord {
    /// The fields that version 1 has, too, which knew no images.
    fn read_first(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(VersionRecord {
            revision: from.text()?,
            modified_at: from.timestamp()?,
            code: match from.u8()? {
                ZIP => Code::Zip(from.array()?),
                FOLDER => Code::Folder(from.text()?),
                IMAGE => Code::Image(ImageCode { uri: from.text()?, digest: from.text()?, id: from.text()? }),
                _ => return Err(from.malformed("where code is")),
            },
            code_size: from.varint()?,
            unzipped_size: from.varint()?,
            description: from.text()?,
            runtime: from.text()?,
            handler: from.text()?,
            role: from.text()?,
            timeout: from.u32()?,
            memory: from.u32()?,
            ephemeral_storage: from.u32()?,
            environment: read_texts(from)?,
            dead_letter: from.option(Reader::text)?,
            layers: from.list(|from| Ok(LayerUse { arn: from.text()?, code_size: from.varint()? }))?,
            is_traced: from.bool()?,
            log: LogSettings {
                is_json: from.bool()?,
                application_level: from.option(Reader::text)?,
                system_level: from.option(Reader::text)?,
                group: from.option(Reader::text)?,
            },
            architecture: from.text()?,
            without_effect: from.text()?,
            image: ImageSettings::default(),
            pull: None,
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use tidegate_record::testing::{assert_golden, assert_reads_older, assert_round_trip};

    pub(crate) fn version() -> VersionRecord {
        VersionRecord {
            revision: "r".to_owned(),
            modified_at: Timestamp::from_millis(5),
            code: Code::Folder("/f".to_owned()),
            code_size: 1,
            unzipped_size: 2,
            description: String::new(),
            runtime: "nodejs20.x".to_owned(),
            handler: "index.handler".to_owned(),
            role: "arn:aws:iam::000000000000:role/r".to_owned(),
            timeout: 3,
            memory: 128,
            ephemeral_storage: 512,
            environment: BTreeMap::from([("A".to_owned(), "b".to_owned())]),
            dead_letter: None,
            layers: vec![LayerUse { arn: "l".to_owned(), code_size: 7 }],
            is_traced: false,
            log: LogSettings { is_json: false, application_level: None, system_level: None, group: None },
            architecture: "x86_64".to_owned(),
            without_effect: String::new(),
            image: ImageSettings::default(),
            pull: None,
        }
    }

    #[test]
    fn golden_bytes() {
        let first = "0172050202 2f66 0102 00 0a6e6f64656a7332302e78 0d696e6465782e68616e646c6572 \
                   2061726e3a6177733a69616d3a3a3030303030303030303030303a726f6c652f72 03 8001 8004 01 0141 0162 00 01 \
                   016c 07 00 00 00 00 00 067838365f3634 00";
        let first = first.replace([' ', '\n'], "");
        assert_golden(&format!("02{first}00000000"), &version());
        assert_reads_older(&format!("01{first}"), &version());
        assert_round_trip(&VersionRecord { code: Code::Zip([7; 32]), dead_letter: Some("d".to_owned()), ..version() });
        let image = ImageCode { uri: "r/a:v1".to_owned(), digest: "ab".to_owned(), id: "sha256:cd".to_owned() };
        assert_eq!(image.resolved().as_deref(), Some("r/a@sha256:ab"));
        let failed = Some(PullFailure { code: "InvalidImage".to_owned(), reason: "none".to_owned() });
        assert_round_trip(&VersionRecord {
            code: Code::Image(image),
            image: ImageSettings {
                entry_point: vec!["/e".to_owned()],
                command: vec!["h".to_owned()],
                working_directory: "/w".to_owned(),
            },
            pull: Some(Pull { image: "r/a:v2".to_owned(), is_first: false, failed }),
            ..version()
        });
    }
}
