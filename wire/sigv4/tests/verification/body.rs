//! Bodies in chunks.

use bytes::Bytes;
use proptest::prelude::{Strategy, any, prop};
use proptest::{prop_assert, prop_assert_eq, proptest};
use tidegate_sigv4::{ChunkDecoder, ChunkError, Payload, Verified};

use crate::examples::{chunked_upload, chunked_upload_with_trailers};

type Decoded = Result<(Vec<u8>, Vec<(String, String)>), ChunkError>;

/// Feeds `body` to the decoder in pieces of `size` bytes.
fn decode(mut decoder: ChunkDecoder, body: &[u8], size: usize) -> Decoded {
    let mut payload = Vec::new();
    for piece in body.chunks(size) {
        decoder.push(Bytes::copy_from_slice(piece), &mut payload)?;
    }
    Ok((payload.concat(), decoder.finish()?))
}

fn documented_decoder() -> ChunkDecoder {
    decoder_of(chunked_upload())
}

fn decoder_of(upload: Verified) -> ChunkDecoder {
    match upload.payload {
        Payload::Chunked(decoder) => *decoder,
        other => panic!("the upload is chunked, not {other:?}"),
    }
}

/// The body of the documentation's chunked upload.
fn documented_body() -> Vec<u8> {
    chunks([
        (65536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"),
        (1024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"),
        (0, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"),
    ])
}

/// Chunks of this many `a`s.
fn chunks(chunks: [(usize, &str); 3]) -> Vec<u8> {
    let mut body = Vec::new();
    for (size, signature) in chunks {
        body.extend_from_slice(format!("{size:x};chunk-signature={signature}\r\n").as_bytes());
        body.extend(std::iter::repeat_n(b'a', size));
        body.extend_from_slice(b"\r\n");
    }
    body
}

#[test]
fn the_documented_upload_is_unpacked_however_it_arrives() {
    for size in [1, 7, 100, 65536, 1_000_000] {
        let (payload, trailers) = decode(documented_decoder(), &documented_body(), size).unwrap();
        assert_eq!(payload, vec![b'a'; 66560]);
        assert!(trailers.is_empty());
    }
}

#[test]
fn a_changed_byte_a_missing_chunk_and_an_early_end_are_noticed() {
    let mut changed = documented_body();
    changed[500] = b'b';
    assert_eq!(decode(documented_decoder(), &changed, 4096), Err(ChunkError::Mismatch));
    let body = documented_body();
    let second = body.windows(4).position(|window| window == b"400;").unwrap();
    assert_eq!(decode(documented_decoder(), &body[second..], 4096), Err(ChunkError::Mismatch));
    for cut in [0, 1, 90, 65_700, body.len() - 3] {
        let cut = decode(documented_decoder(), &body[..cut], 4096);
        assert!(matches!(cut, Err(ChunkError::Malformed(_))), "{cut:?}");
    }
}

#[test]
fn signed_trailers_are_verified() {
    let mut body = chunks([
        (65536, "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2"),
        (1024, "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7"),
        (0, "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992"),
    ]);
    body.truncate(body.len() - 2);
    // The documentation prints another one (63bddb24…): it contradicts its own text, which signs with
    // `AWS4-HMAC-SHA256-TRAILER` as every SDK does, and was made with a chunk's algorithm name.
    let signature = "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435";
    let checksum = "x-amz-checksum-crc32c:sOO8/Q==";
    for (trailers, outcome) in [
        (format!("{checksum}\r\nx-amz-trailer-signature:{signature}\r\n\r\n"), Ok(())),
        (format!("{checksum}\n\r\nx-amz-trailer-signature:{signature}\n\r\n\r\n\r\n"), Ok(())),
        (
            format!("x-amz-checksum-crc32c:AAAA==\r\nx-amz-trailer-signature:{signature}\r\n\r\n"),
            Err(ChunkError::Mismatch),
        ),
        (format!("{checksum}\r\n\r\n"), Err(ChunkError::Malformed("it ends within a chunk"))),
    ] {
        let body = [&body, trailers.as_bytes()].concat();
        let decoded = decode(decoder_of(chunked_upload_with_trailers()), &body, 4096);
        assert_eq!(decoded.map(drop), outcome, "{trailers}");
    }
}

#[test]
fn unsigned_chunks_carry_trailers() {
    let body = b"4\r\nWiki\r\n5\r\npedia\r\n0\r\nx-amz-checksum-crc32: sOO8/Q==\r\n\r\n";
    for size in [1, 3, 1000] {
        let (payload, trailers) = decode(ChunkDecoder::unsigned(), body, size).unwrap();
        assert_eq!(payload, b"Wikipedia");
        assert_eq!(trailers, [("x-amz-checksum-crc32".to_owned(), "sOO8/Q==".to_owned())]);
    }
}

#[test]
fn malformed_chunks_are_refused() {
    let long = format!("1;{}\r\n", "x".repeat(5000));
    for body in [
        "x\r\n",
        "\r\n",
        "-1\r\n",
        "+1\r\na\r\n0\r\n\r\n",
        "11111111111111111\r\n",
        "1\r\nab\r\n",
        "0\r\nno colon\r\n\r\n",
        "0\r\n\r\nmore\r\n",
        &long,
    ] {
        let decoded = decode(ChunkDecoder::unsigned(), body.as_bytes(), 16);
        assert!(matches!(decoded, Err(ChunkError::Malformed(_))), "{body:?}: {decoded:?}");
    }
}

fn pieces() -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec(prop::collection::vec(any::<u8>(), 1..200), 0..10)
}

proptest! {
    #[test]
    fn any_chunking_decodes_to_its_payload(pieces in pieces(), size in 1usize..300) {
        let mut body = Vec::new();
        for piece in &pieces {
            body.extend_from_slice(format!("{:X}\r\n", piece.len()).as_bytes());
            body.extend_from_slice(piece);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"0\r\n\r\n");
        let (payload, trailers) = decode(ChunkDecoder::unsigned(), &body, size).unwrap();
        prop_assert_eq!(payload, pieces.concat());
        prop_assert!(trailers.is_empty());
    }

    #[test]
    fn no_bytes_make_it_panic(body in prop::collection::vec(any::<u8>(), 0..500), size in 1usize..50) {
        drop(decode(ChunkDecoder::unsigned(), &body, size));
        drop(decode(documented_decoder(), &body, size));
    }
}
