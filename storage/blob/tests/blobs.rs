//! Bodies in files: what comes back, what damage is found, what failures leave behind.

#![allow(clippy::unwrap_used, reason = "a test's preparations fail loudly")]

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use tempfile::TempDir;
use tidegate_blob::{BlobError, BlobId, BlobRef, Blobs, Expected, MAX_BLOB, Mismatch, Upload};
use tidegate_env::Env;
use tidegate_types::Timestamp;

/// Later than any file that a test writes.
const FAR_FUTURE: Timestamp = Timestamp::from_secs(10_000_000_000);

fn env() -> Env {
    Env::manual(1, FAR_FUTURE).0
}

async fn open(folder: &TempDir) -> Blobs {
    Blobs::open(folder.path().join("blobs"), env()).await.unwrap()
}

/// Bytes that differ from block to block.
fn body(length: usize) -> Bytes {
    (0..length).map(|i| (i ^ (i >> 8) ^ (i >> 16)) as u8).collect()
}

async fn push_all(upload: &mut Upload, body: &Bytes, piece: usize) -> Result<(), BlobError> {
    for start in (0..body.len()).step_by(piece) {
        upload.push(body.slice(start..(start + piece).min(body.len()))).await?;
    }
    Ok(())
}

async fn store(blobs: &Blobs, body: &Bytes, piece: usize, expected: Expected) -> Result<BlobRef, BlobError> {
    let mut upload = blobs.upload(expected).await?;
    push_all(&mut upload, body, piece).await?;
    upload.finish().await
}

async fn load(blobs: &Blobs, blob: BlobRef, range: std::ops::Range<u64>) -> Result<Vec<u8>, BlobError> {
    let mut chunks = blobs.read(blob).await?.range(range);
    let mut content = Vec::new();
    while let Some(chunk) = chunks.next().await? {
        content.extend_from_slice(&chunk);
    }
    assert_eq!(chunks.remaining(), 0);
    Ok(content)
}

/// Every file under the root.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

#[tokio::test]
async fn bodies_come_back_whole_and_in_ranges_whatever_pieces_they_came_in() {
    let folder = TempDir::new().unwrap();
    let blobs = open(&folder).await;
    for (length, piece) in [(0, 1), (1, 1), (65_536, 65_536), (65_537, 1000), (1_000_000, 70_001)] {
        let body = body(length);
        let blob = store(&blobs, &body, piece, Expected::default()).await.unwrap();
        assert_eq!(load(&blobs, blob, 0..u64::MAX).await.unwrap(), body, "{length} bytes");
        let length = length as u64;
        for (start, end) in [(0, 1), (1, 2), (65_535, 65_537), (300_000, 600_000), (length, length + 5)] {
            let expected = &body[start.min(length) as usize..end.min(length) as usize];
            assert_eq!(load(&blobs, blob, start..end).await.unwrap(), expected, "{start}..{end} of {length}");
        }
    }
    assert_eq!(files(folder.path()).len(), 5);
}

/// Room is made ahead for such a body, in two steps for the largest, and the file must not keep any of it.
#[tokio::test]
async fn a_large_body_of_known_length_takes_the_room_that_it_needs() {
    let folder = TempDir::new().unwrap();
    let blobs = open(&folder).await;
    for length in [4 * 1024 * 1024 - 1, 4 * 1024 * 1024, 40_000_001] {
        let body = body(length);
        let mut upload = blobs.upload(Expected { length: Some(length as u64), ..Expected::default() }).await.unwrap();
        for start in (0..length).step_by(3_000_001) {
            let batch = body.slice(start..(start + 3_000_001).min(length));
            upload.write(batch.chunks(70_000).map(Bytes::copy_from_slice).collect()).await.unwrap();
        }
        let blob = upload.finish().await.unwrap();
        assert_eq!(load(&blobs, blob, 0..u64::MAX).await.unwrap(), body, "{length} bytes");
    }
    let mut upload = blobs.upload(Expected { length: Some(1 << 30), ..Expected::default() }).await.unwrap();
    upload.write(vec![body(1)]).await.unwrap();
    let announced = files(&folder.path().join("blobs/tmp"));
    assert!(fs::metadata(&announced[0]).unwrap().len() < 100 << 20, "who announces a lot does not get it at once");
    drop(upload);
    assert_eq!(files(folder.path()).len(), 3);
}

#[tokio::test]
async fn blobs_outlive_a_restart_and_uploads_do_not() {
    let folder = TempDir::new().unwrap();
    let blobs = open(&folder).await;
    let blob = store(&blobs, &body(100), 100, Expected::default()).await.unwrap();
    let mut upload = blobs.upload(Expected::default()).await.unwrap();
    push_all(&mut upload, &body(600_000), 100_000).await.unwrap();
    // A killed process drops nothing.
    std::mem::forget(upload);
    assert_eq!(files(folder.path()).len(), 2);

    // Another seed: names are never used again.
    let blobs = Blobs::open(folder.path().join("blobs"), Env::manual(2, FAR_FUTURE).0).await.unwrap();
    assert_eq!(files(folder.path()).len(), 1);
    assert_eq!(load(&blobs, blob, 0..100).await.unwrap(), body(100));
    blobs.remove(blob.id).await.unwrap();
    blobs.remove(blob.id).await.unwrap();
    assert!(matches!(blobs.read(blob).await.err(), Some(BlobError::Missing(id)) if id == blob.id));
}

#[tokio::test]
async fn what_was_announced_is_checked() {
    let folder = TempDir::new().unwrap();
    let blobs = open(&folder).await;
    let body = Bytes::from_static(b"hello");
    let sha256 = <[u8; 32]>::from(<sha2::Sha256 as sha2::Digest>::digest(&body));
    let right = Expected { length: Some(5), crc32c: Some(crc32c::crc32c(&body)), sha256: Some(sha256) };
    store(&blobs, &body, 2, right).await.unwrap();

    let wrong = [
        (Expected { length: Some(4), ..right }, Mismatch::Length),
        (Expected { length: Some(6), ..right }, Mismatch::Length),
        (Expected { crc32c: Some(1), ..right }, Mismatch::Crc32c),
        (Expected { sha256: Some([1; 32]), ..right }, Mismatch::Sha256),
    ];
    for (expected, mismatch) in wrong {
        let error = store(&blobs, &body, 2, expected).await.unwrap_err();
        assert!(matches!(error, BlobError::Mismatch(found) if found == mismatch), "{error}");
    }
    let too_large = Expected { length: Some(MAX_BLOB + 1), ..Expected::default() };
    assert!(matches!(blobs.upload(too_large).await.err(), Some(BlobError::TooLarge { limit: MAX_BLOB })));
    assert_eq!(files(folder.path()).len(), 1, "only what was announced rightly is there");
}

#[tokio::test]
async fn a_cut_upload_leaves_nothing() {
    let folder = TempDir::new().unwrap();
    let blobs = open(&folder).await;
    let mut upload = blobs.upload(Expected::default()).await.unwrap();
    push_all(&mut upload, &body(600_000), 50_000).await.unwrap();
    assert_eq!(files(folder.path()).len(), 1);
    drop(upload);
    assert_eq!(files(folder.path()), [] as [PathBuf; 0]);
}

#[tokio::test]
async fn an_upload_that_failed_stays_failed() {
    let folder = TempDir::new().unwrap();
    let blobs = open(&folder).await;
    let mut upload = blobs.upload(Expected { length: Some(1), ..Expected::default() }).await.unwrap();
    assert!(upload.push(body(300_000)).await.is_err());
    assert!(upload.push(body(1)).await.is_ok(), "it is only collected");
    assert!(matches!(upload.finish().await, Err(BlobError::Io { action: "continue", .. })));
}

#[tokio::test]
async fn every_damaged_byte_is_found_where_it_is_read() {
    let folder = TempDir::new().unwrap();
    let blobs = open(&folder).await;
    let blob = store(&blobs, &body(200_000), 200_000, Expected::default()).await.unwrap();
    let path = files(folder.path()).remove(0);
    let intact = fs::read(&path).unwrap();

    let read = |at: usize| {
        let mut damaged = intact.clone();
        damaged[at] ^= 1;
        fs::write(&path, damaged).unwrap();
        let blobs = blobs.clone();
        async move { blobs.verify(blob).await }
    };
    for at in (0..200_000).step_by(9_973).chain(200_000..intact.len()) {
        assert!(matches!(read(at).await, Err(BlobError::Corrupt { .. })), "damage at {at}");
    }
    // Damage in one block does not keep others from being read.
    let _damaged = read(0).await;
    assert!(load(&blobs, blob, 0..10).await.is_err());
    assert_eq!(load(&blobs, blob, 70_000..70_010).await.unwrap(), body(200_000)[70_000..70_010]);

    fs::write(&path, &intact[..intact.len() - 1]).unwrap();
    assert!(matches!(blobs.verify(blob).await, Err(BlobError::Corrupt { .. })), "cut off");
    let other = BlobRef { length: u64::MAX, ..blob };
    assert!(matches!(blobs.verify(other).await, Err(BlobError::Corrupt { .. })), "an absurd length");
}

/// A whole round of sweeping in which `in_use` are referenced; how many files it removed.
async fn sweep_round(blobs: &Blobs, in_use: &HashSet<BlobId>) -> usize {
    let mut removed = 0;
    loop {
        let swept = blobs.sweep(async |_: &[BlobId]| Ok::<_, BlobError>(in_use.clone())).await.unwrap();
        removed += swept.removed;
        if swept.round_complete {
            return removed;
        }
    }
}

#[tokio::test]
async fn the_sweep_removes_exactly_what_is_old_and_not_referenced() {
    let folder = TempDir::new().unwrap();
    let blobs = open(&folder).await;
    let mut stored = Vec::new();
    for _ in 0..20 {
        stored.push(store(&blobs, &body(10), 10, Expected::default()).await.unwrap().id);
    }
    let in_use: HashSet<_> = stored.iter().copied().step_by(2).collect();

    let young = Blobs::open(folder.path().join("blobs"), Env::manual(1, Timestamp::EPOCH).0).await.unwrap();
    assert_eq!(sweep_round(&young, &in_use).await, 0, "files younger than the grace period stay");
    fs::write(folder.path().join("blobs/00stranger"), "").unwrap();

    assert_eq!(sweep_round(&blobs, &in_use).await, 10);
    assert_eq!(sweep_round(&blobs, &in_use).await, 0);
    assert_eq!(files(folder.path()).len(), 11);
}

#[tokio::test]
async fn the_sweep_gets_past_a_folder_with_many_files_in_use() {
    let folder = TempDir::new().unwrap();
    let blobs = open(&folder).await;
    let crowded = folder.path().join("blobs/07");
    fs::create_dir(&crowded).unwrap();
    let name = |i: u128| BlobId::from_bytes(((7_u128 << 120) | i).to_be_bytes());
    for i in 0..2_500 {
        fs::write(crowded.join(name(i).to_string()), "").unwrap();
    }
    let in_use: HashSet<_> = (0..2_499).map(name).collect();
    assert_eq!(sweep_round(&blobs, &in_use).await, 1);
    assert!(!crowded.join(name(2_499).to_string()).exists());
}

#[tokio::test]
async fn a_doubtful_answer_removes_nothing() {
    let folder = TempDir::new().unwrap();
    let blobs = open(&folder).await;
    let id = store(&blobs, &body(10), 10, Expected::default()).await.unwrap().id;
    let mut asked = 0;
    for _ in 0..=id.to_bytes()[0] {
        let swept = blobs.sweep(async |_: &[BlobId]| Err(BlobError::Missing(id))).await;
        asked += usize::from(swept.is_err());
    }
    assert_eq!((asked, files(folder.path()).len()), (1, 1));
}
