use tidegate_api_s3::{
    Checksum as ShownChecksum, GetObjectAttributesOutput, GetObjectAttributesParts, GetObjectAttributesRequest,
    ObjectPart,
};
use tidegate_protocol::Call;

use super::content::pieces_of;
use super::objects::{Conditions, Reading, shown_version};
use crate::error::Error;
use crate::service::S3;
use crate::store::{Content, ObjectRecord, Piece};
use crate::wire;

const ATTRIBUTES: [&str; 5] = ["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"];

/// What is known of an object, as far as it is asked for.
pub(crate) async fn get_object_attributes(
    s3: &S3,
    _: &Call,
    input: GetObjectAttributesRequest,
) -> Result<GetObjectAttributesOutput, Error> {
    let bucket = s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let key = input.key.as_deref().unwrap_or_default();
    let asked = asked(input.object_attributes)?;
    let (most, marker) = wire::part_page(input.max_parts, input.part_number_marker)?;
    let reading = Reading {
        version: input.version_id.as_deref(),
        conditions: Conditions::default(),
        customer_key_md5: input.sse_customer_key_md5.as_deref(),
        ..Reading::default()
    };
    let viewed = reading.view(s3, &bucket, key).await?;
    let object = viewed.object();
    let has = |attribute: &str| asked.iter().any(|asked| asked == attribute);
    let mut output = GetObjectAttributesOutput {
        last_modified: Some(viewed.version.created_at),
        version_id: shown_version(&bucket, &viewed.version),
        e_tag: has("ETag").then(|| object.etag.to_string()),
        storage_class: has("StorageClass").then(|| object.storage_class.clone()),
        object_size: i64::try_from(object.size).ok().filter(|_| has("ObjectSize")),
        ..GetObjectAttributesOutput::default()
    };
    if has("Checksum") {
        output.checksum = shown_checksum(object);
    }
    if has("ObjectParts")
        && let Content::Pieces(id) = object.content
    {
        let pieces = pieces_of(&*s3.store.snapshot()?, id).await?;
        output.object_parts = Some(shown_parts(&pieces, most, marker));
    }
    Ok(output)
}

/// Clients send them in one header or in several.
fn asked(attributes: Option<Vec<String>>) -> Result<Vec<String>, Error> {
    let attributes: Vec<String> = attributes.unwrap_or_default();
    let names = attributes.iter().flat_map(|names| names.split(',')).map(|name| name.trim().to_owned());
    let names: Vec<String> = names.filter(|name| !name.is_empty()).collect();
    if names.is_empty() {
        let words = "The x-amz-object-attributes header specifying the attributes to be retrieved is either missing \
                     or empty";
        return Err(Error::InvalidRequest(words.to_owned()));
    }
    match names.iter().find(|name| !ATTRIBUTES.contains(&name.as_str())) {
        Some(unknown) => Err(wire::argument("Invalid attribute name specified.", "x-amz-object-attributes", unknown)),
        None => Ok(names),
    }
}

/// Without the number of parts that other answers append to a composite one.
fn shown_checksum(object: &ObjectRecord) -> Option<ShownChecksum> {
    let checksum = object.checksum.as_ref()?;
    let mut plain = checksum.clone();
    plain.composite_of = None;
    let mut shown = ShownChecksum::default();
    wire::show_checksum!(shown, Some(&plain));
    shown.checksum_type = Some(checksum.type_name().to_owned());
    Some(shown)
}

/// Parts are listed if they have checksums; their number is always said.
fn shown_parts(pieces: &[Piece], most: i32, marker: i32) -> GetObjectAttributesParts {
    let total_parts_count = i32::try_from(pieces.len()).ok();
    if pieces.iter().any(|piece| piece.checksum.is_none()) {
        return GetObjectAttributesParts { total_parts_count, ..GetObjectAttributesParts::default() };
    }
    let rest: Vec<_> = pieces.iter().filter(|piece| i32::from(piece.number) > marker).collect();
    let most_parts = usize::try_from(most).unwrap_or(0);
    let parts: Vec<ObjectPart> = rest.iter().take(most_parts).map(|piece| shown_part(piece)).collect();
    GetObjectAttributesParts {
        total_parts_count,
        part_number_marker: Some(marker),
        next_part_number_marker: Some(parts.last().and_then(|part| part.part_number).unwrap_or(0)),
        max_parts: Some(most),
        is_truncated: Some(most > 0 && rest.len() > parts.len()),
        parts: Some(parts),
    }
}

fn shown_part(piece: &Piece) -> ObjectPart {
    let mut shown = ObjectPart {
        part_number: Some(i32::from(piece.number)),
        size: i64::try_from(piece.size).ok(),
        ..ObjectPart::default()
    };
    wire::show_checksum_value!(shown, piece.checksum.as_ref());
    shown
}
