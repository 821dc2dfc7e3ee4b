use md5::{Digest, Md5};

use super::{AttributeValue, MessageAttribute, side_by_side};

/// An MD5 digest. Clients compare it with their own; it protects from accidents, not from anyone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Md5Digest(pub [u8; 16]);

impl Md5Digest {
    /// As 32 lower-case hexadecimal digits.
    pub fn to_hex(self) -> String {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut hex = String::with_capacity(32);
        for byte in self.0 {
            hex.push(char::from(DIGITS[usize::from(byte >> 4)]));
            hex.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
        hex
    }
}

/// The digest of a message's body.
pub fn md5_of_body(body: &str) -> Md5Digest {
    Md5Digest(Md5::digest(body).into())
}

/// The digests of the bodies of a batch.
pub fn md5_of_bodies(bodies: &[&[u8]]) -> Vec<Md5Digest> {
    if side_by_side::pays(bodies) {
        side_by_side::digests(bodies).into_iter().map(Md5Digest).collect()
    } else {
        bodies.iter().map(|body| Md5Digest(Md5::digest(body).into())).collect()
    }
}

/// The digest of a message's attributes, which must be in order of name; `None` if there are none.
///
/// Each part is preceded by its length as four bytes, big-endian: name, type, then one byte for the
/// field that holds the value (1 text, 2 binary), then the value. (SQS developer guide, "Calculating
/// the MD5 message digest for message attributes".)
pub fn md5_of_attributes<'a>(attributes: impl IntoIterator<Item = &'a MessageAttribute>) -> Option<Md5Digest> {
    let mut attributes = attributes.into_iter().peekable();
    attributes.peek()?;
    let mut digest = Md5::new();
    for attribute in attributes {
        add(&mut digest, attribute.name.as_bytes());
        add(&mut digest, attribute.data_type.as_bytes());
        match &attribute.value {
            AttributeValue::Text(text) => {
                digest.update([1]);
                add(&mut digest, text.as_bytes());
            }
            AttributeValue::Binary(bytes) => {
                digest.update([2]);
                add(&mut digest, bytes);
            }
        }
    }
    Some(Md5Digest(digest.finalize().into()))
}

/// The digest of the one system attribute that senders may give, a trace header.
pub fn md5_of_trace_header(header: &str) -> Md5Digest {
    let mut digest = Md5::new();
    add(&mut digest, b"AWSTraceHeader");
    add(&mut digest, b"String");
    digest.update([1]);
    add(&mut digest, header.as_bytes());
    Md5Digest(digest.finalize().into())
}

fn add(digest: &mut Md5, part: &[u8]) {
    let len = u32::try_from(part.len()).expect("a message has less than 4 GiB");
    digest.update(len.to_be_bytes());
    digest.update(part);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(name: &str, data_type: &str, value: &str) -> MessageAttribute {
        let value = AttributeValue::Text(value.to_owned());
        MessageAttribute { name: name.to_owned(), data_type: data_type.to_owned(), value }
    }

    #[test]
    fn digests_are_those_that_aws_answers() {
        // Recorded from AWS.
        assert_eq!(md5_of_body("msg").to_hex(), "6e2baaf3b97dbeef01c0043275f9a0e7");
        let foo = [text("Foo", "String", "Bar")];
        assert_eq!(md5_of_attributes(&foo).unwrap().to_hex(), "ae7155c6026991b6d54b11589678bf9c");
        let user = [text("UserId", "Number.bigint", "1234567890123456789012")];
        assert_eq!(md5_of_attributes(&user).unwrap().to_hex(), "797ab158d73dcb5242dedc4412c8e855");
        assert_eq!(md5_of_trace_header("some-trace-id").to_hex(), "fdce4f2818803f2f73becc09a54792c0");
        assert_eq!(md5_of_attributes([]), None);
    }
}
