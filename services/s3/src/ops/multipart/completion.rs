//! What becomes of an upload's parts when a client lists those that make the object.

use md5::{Digest, Md5};
use tidegate_api_s3::{CompletedMultipartUpload, CompletedPart};
use tidegate_protocol::ServiceError;

use crate::domain::{composite, full_object};
use crate::error::Error;
use crate::ops::objects::unquoted;
use crate::store::{Checksum, ChecksumKind, Content, Etag, PartRecord, Piece, UploadRecord, VersionId};
use crate::wire;

/// The fewest bytes of a part that is not the last: 5 MiB.
const MIN_PART_BYTES: u64 = 5 * 1024 * 1024;

/// A part, as the client lists it.
#[derive(Debug, Clone)]
pub(super) struct Listed {
    number: u16,
    etag: String,
    checksum: Option<(ChecksumKind, String)>,
}

/// The parts that a client lists.
///
/// # Errors
/// If there are none, or what is needed of one is missing.
pub(super) fn read(upload: Option<CompletedMultipartUpload>) -> Result<Vec<Listed>, Error> {
    let missing = || Error::InvalidRequest("You must specify at least one part".to_owned());
    let parts = upload.ok_or_else(missing)?.parts.unwrap_or_default();
    if parts.is_empty() {
        return Err(Error::MalformedXml);
    }
    parts.into_iter().map(read_part).collect()
}

fn read_part(part: CompletedPart) -> Result<Listed, Error> {
    let number = part.part_number.ok_or(Error::MalformedXml)?;
    let etag = unquoted(part.e_tag.as_deref().ok_or(Error::MalformedXml)?).to_owned();
    let in_range = |words| wire::argument(words, "PartNumber", &number.to_string());
    let number = match number {
        ..1 => return Err(in_range("PartNumber must be >= 1")),
        1..=10_000 => u16::try_from(number).map_err(|_| Error::MalformedXml)?,
        _ => return Err(in_range("PartNumber must be <= 10000")),
    };
    let checksum = wire::stated_checksums!(part).into_iter().next();
    Ok(Listed { number, etag, checksum })
}

/// The object's entity tag, if what the client says of its parts is true.
pub(super) fn etag_of(listed: &[Listed]) -> Option<Etag> {
    let digests: Option<Vec<[u8; 16]>> =
        listed.iter().map(|part| hex::decode(&part.etag).ok()?.try_into().ok()).collect();
    Some(etag(&digests?))
}

fn etag(digests: &[[u8; 16]]) -> Etag {
    Etag { md5: Md5::digest(digests.concat()).into(), parts: u16::try_from(digests.len()).ok() }
}

/// What the client says of the whole object.
#[derive(Debug, Clone, Default)]
pub(super) struct Stated {
    /// Its checksum.
    pub checksum: Option<(ChecksumKind, String)>,
    /// What that is computed of.
    pub mode: Option<String>,
    /// Its bytes.
    pub size: Option<i64>,
}

/// An object made of parts, and what was left over.
#[derive(Debug)]
pub(super) struct Made {
    pub pieces: Vec<Piece>,
    pub size: u64,
    pub etag: Etag,
    pub checksum: Checksum,
    pub left_over: Vec<Content>,
}

/// An upload with everything that has come.
pub(super) struct Came<'a> {
    pub id: VersionId,
    pub upload: &'a UploadRecord,
    /// By their numbers.
    pub parts: &'a [(u16, PartRecord)],
}

impl Came<'_> {
    /// Makes the object.
    ///
    /// # Errors
    /// What S3 says of the first thing that does not fit.
    pub(super) fn make(&self, listed: &[Listed], stated: &Stated) -> Result<Made, Error> {
        self.check_mode(stated)?;
        let chosen = self.choose(listed)?;
        let size = chosen.iter().map(|(_, part)| part.size).sum();
        if let Some(announced) = stated.size.filter(|announced| u64::try_from(*announced) != Ok(size)) {
            return Err(Error::InvalidRequest(format!(
                "The provided 'x-amz-mp-object-size' header value {announced} does not match what was computed: {size}"
            )));
        }
        let checksum = self.checksum(&chosen)?;
        check_stated(stated, &checksum)?;
        let digests: Vec<[u8; 16]> = chosen.iter().map(|(_, part)| part.md5).collect();
        let is_chosen = |number| chosen.binary_search_by_key(&number, |(chosen, _)| *chosen).is_ok();
        let left_over = self.parts.iter().filter(|(number, _)| !is_chosen(*number));
        Ok(Made {
            size,
            etag: etag(&digests),
            checksum,
            left_over: left_over.map(|(_, part)| part.content).collect(),
            pieces: chosen.into_iter().map(|(number, part)| self.piece(number, part)).collect(),
        })
    }

    fn piece(&self, number: u16, part: &PartRecord) -> Piece {
        // Of an upload without checksums only the object has one.
        let checksum = part.checksum.clone().filter(|_| self.upload.checksum.is_some());
        Piece { number, size: part.size, content: part.content, checksum }
    }

    fn check_mode(&self, stated: &Stated) -> Result<(), Error> {
        let ours = wire::checksum_type(self.upload.is_composite);
        match stated.mode.as_ref().filter(|mode| **mode != ours) {
            Some(_) => Err(Error::InvalidRequest(format!(
                "The upload was created using the {ours} checksum mode. The complete request must use the same \
                 checksum mode."
            ))),
            None => Ok(()),
        }
    }

    /// The parts that are listed, each as it came.
    fn choose(&self, listed: &[Listed]) -> Result<Vec<(u16, &PartRecord)>, Error> {
        if !listed.is_sorted_by(|one, next| one.number < next.number) {
            let words = "The list of parts was not in ascending order. Parts must be ordered by part number.";
            return Err(refused("InvalidPartOrder", words, &[("UploadId", &self.id)]));
        }
        let mut chosen = Vec::with_capacity(listed.len());
        for listed in listed {
            let found = self.parts.binary_search_by_key(&listed.number, |(number, _)| *number);
            let part = found.ok().map(|at| &self.parts[at].1).ok_or_else(|| self.invalid_part(listed))?;
            if hex::encode(part.md5) != listed.etag.to_ascii_lowercase() {
                return Err(self.invalid_part(listed));
            }
            self.check_checksum(listed, part)?;
            chosen.push((listed.number, part));
        }
        let all_but_last = chosen.split_last().map_or(&[][..], |(_, others)| others);
        match all_but_last.iter().find(|(_, part)| part.size < MIN_PART_BYTES) {
            Some((number, part)) => Err(too_small(*number, part)),
            None => Ok(chosen),
        }
    }

    fn invalid_part(&self, listed: &Listed) -> Error {
        let words = "One or more of the specified parts could not be found.  The part may not have been uploaded, or \
                     the specified entity tag may not match the part's entity tag.";
        let fields: [(&'static str, &dyn ToString); 3] =
            [("UploadId", &self.id), ("PartNumber", &listed.number), ("ETag", &listed.etag)];
        refused("InvalidPart", words, &fields)
    }

    fn check_checksum(&self, listed: &Listed, part: &PartRecord) -> Result<(), Error> {
        let number = listed.number;
        match (self.upload.checksum, &listed.checksum) {
            (None, None) => Ok(()),
            (None, Some(_)) => Err(self.invalid_part(listed)),
            (Some(_), None) if !self.upload.is_composite => Ok(()),
            (Some(kind), None) => {
                let kind = kind.name().to_lowercase();
                Err(Error::InvalidRequest(format!(
                    "The upload was created using a {kind} checksum. The complete request must include the checksum \
                     for each part. It was missing for part {number} in the request."
                )))
            }
            (Some(ours), Some((kind, _))) if *kind != ours => {
                let kind = kind.name().to_lowercase();
                let words = format!("The {kind} you specified for part {number} did not match what we received.");
                Err(refused("BadDigest", &words, &[]))
            }
            (Some(_), Some((_, text))) => match &part.checksum {
                Some(checksum) if checksum.text() == *text => Ok(()),
                _ => Err(self.invalid_part(listed)),
            },
        }
    }

    fn checksum(&self, chosen: &[(u16, &PartRecord)]) -> Result<Checksum, Error> {
        let kind = self.upload.checksum.unwrap_or(ChecksumKind::DEFAULT);
        let of_kind = |(_, part): &(u16, &PartRecord)| -> Option<(Vec<u8>, u64)> {
            let checksum = part.checksum.as_ref().filter(|checksum| checksum.kind == kind)?;
            Some((checksum.value.clone(), part.size))
        };
        let parts: Option<Vec<_>> = chosen.iter().map(of_kind).collect();
        let made = parts.and_then(|parts| match self.upload.is_composite {
            true => Some(composite(kind, parts.iter().map(|(value, _)| value.as_slice()))),
            false => full_object(kind, parts.iter().map(|(value, size)| (value.as_slice(), *size))),
        });
        // Every part was kept with the checksum of its upload's kind.
        made.ok_or_else(|| refused("InternalError", "We encountered an internal error. Please try again.", &[]))
    }
}

fn check_stated(stated: &Stated, checksum: &Checksum) -> Result<(), Error> {
    let Some((kind, text)) = &stated.checksum else { return Ok(()) };
    let whole = checksum.text();
    let is_it =
        *kind == checksum.kind && (*text == whole || whole.strip_prefix(text).is_some_and(|n| n.starts_with('-')));
    if is_it { Ok(()) } else { Err(Error::BadChecksum(kind.name())) }
}

fn too_small(number: u16, part: &PartRecord) -> Error {
    let words = "Your proposed upload is smaller than the minimum allowed size";
    let etag = hex::encode(part.md5);
    let fields: [(&'static str, &dyn ToString); 4] =
        [("ProposedSize", &part.size), ("MinSizeAllowed", &MIN_PART_BYTES), ("PartNumber", &number), ("ETag", &etag)];
    refused("EntityTooSmall", words, &fields)
}

fn refused(code: &'static str, words: &str, fields: &[(&'static str, &dyn ToString)]) -> Error {
    let status = if code == "InternalError" { 500 } else { 400 };
    let error = ServiceError::from(Error::Refused { code, status, words: words.to_owned() });
    Error::from(fields.iter().fold(error, |error, (name, value)| error.with_field(name, value.to_string())))
}

#[cfg(test)]
mod tests {
    use tidegate_types::{AccountId, Timestamp};

    use super::*;
    use crate::domain::checksum_of;
    use crate::store::{ContentId, Headers};

    fn upload(checksum: Option<ChecksumKind>, is_composite: bool) -> UploadRecord {
        UploadRecord {
            created_at: Timestamp::from_secs(1),
            owner: AccountId::DEFAULT,
            initiator: String::new(),
            checksum,
            is_composite,
            storage_class: "STANDARD".to_owned(),
            headers: Headers::default(),
            metadata: Default::default(),
            tags: Default::default(),
            acl: None,
            lock: None,
            legal_hold: false,
            encryption: None,
            redirect: None,
        }
    }

    /// Parts 1, 3 and 4 of a whole, the last of them short.
    fn came(kind: ChecksumKind) -> (Vec<u8>, Vec<(u16, PartRecord)>) {
        let bodies = [(1, vec![1; 5 << 20]), (3, vec![3; 5 << 20]), (4, vec![4; 10])];
        let part = |(number, body): &(u16, Vec<u8>)| {
            let checksum = Some(Checksum { kind, value: checksum_of(kind, body), composite_of: None });
            let content = Content::Stored(ContentId(u128::from(*number)));
            let (size, md5) = (body.len() as u64, Md5::digest(body).into());
            (*number, PartRecord { created_at: Timestamp::from_secs(1), size, md5, content, checksum })
        };
        (bodies.iter().flat_map(|(_, body)| body.clone()).collect(), bodies.iter().map(part).collect())
    }

    fn listed(parts: &[(u16, PartRecord)], with_checksums: bool) -> Vec<Listed> {
        let listed = |(number, part): &(u16, PartRecord)| Listed {
            number: *number,
            etag: hex::encode(part.md5),
            checksum: part.checksum.as_ref().filter(|_| with_checksums).map(|sum| (sum.kind, sum.text())),
        };
        parts.iter().map(listed).collect()
    }

    fn make(upload: &UploadRecord, parts: &[(u16, PartRecord)], listed: &[Listed]) -> Result<Made, String> {
        let made = Came { id: VersionId(1), upload, parts }.make(listed, &Stated::default());
        made.map_err(|error| ServiceError::from(error).shape.code.to_owned())
    }

    #[test]
    fn a_whole_has_the_checksum_of_its_bytes() {
        for kind in [ChecksumKind::Crc32, ChecksumKind::Crc32c, ChecksumKind::Crc64Nvme] {
            let (body, parts) = came(kind);
            let made = make(&upload(Some(kind), false), &parts, &listed(&parts, false)).unwrap();
            assert_eq!(made.checksum, Checksum { kind, value: checksum_of(kind, &body), composite_of: None });
            assert_eq!((made.size, made.pieces.len(), made.left_over.len()), (body.len() as u64, 3, 0));
            assert_eq!(etag_of(&listed(&parts, false)), Some(made.etag));
        }
    }

    #[test]
    fn what_is_not_listed_is_left_over() {
        let (_, parts) = came(ChecksumKind::DEFAULT);
        let made = make(&upload(None, false), &parts, &listed(&parts[1..2], false)).unwrap();
        assert_eq!(made.left_over, [parts[0].1.content, parts[2].1.content]);
        assert_eq!(made.pieces.iter().map(|piece| piece.number).collect::<Vec<_>>(), [3]);
        assert!(made.pieces[0].checksum.is_none() && made.checksum.composite_of.is_none());
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let kind = ChecksumKind::Sha256;
        let (_, parts) = came(kind);
        let composite = upload(Some(kind), true);
        let good = listed(&parts, true);
        assert_eq!(make(&composite, &parts, &good).unwrap().checksum.composite_of, Some(3));
        let changed = |change: fn(&mut Vec<Listed>)| {
            let mut listed = good.clone();
            change(&mut listed);
            make(&composite, &parts, &listed).unwrap_err()
        };
        assert_eq!(changed(|listed| listed.reverse()), "InvalidPartOrder");
        assert_eq!(changed(|listed| listed[1].number = 1), "InvalidPartOrder");
        assert_eq!(changed(|listed| listed[1].number = 2), "InvalidPart");
        assert_eq!(changed(|listed| listed[0].etag = listed[1].etag.clone()), "InvalidPart");
        assert_eq!(changed(|listed| listed[0].checksum = listed[1].checksum.clone()), "InvalidPart");
        assert_eq!(changed(|listed| listed[0].checksum = None), "InvalidRequest");
        assert_eq!(changed(|listed| listed[0].checksum = Some((ChecksumKind::Md5, String::new()))), "BadDigest");
        let mut small = parts.clone();
        small[0].1.size = (5 << 20) - 1;
        assert_eq!(make(&composite, &small, &good).unwrap_err(), "EntityTooSmall");
        assert_eq!(make(&upload(None, false), &parts, &good).unwrap_err(), "InvalidPart");
    }
}
