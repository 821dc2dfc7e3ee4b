//! What is drawn by lot: ids and secrets.

use tidegate_env::Env;

/// The letters of ids, as AWS has them: base 32.
const ID_LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// The letters of secrets: base 64.
const SECRET_LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The letters of passwords: base 64, some of which are others than in secrets.
const PASSWORD_LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-=";

fn letters<const N: usize>(env: &Env, alphabet: &[u8; N], count: usize) -> String {
    let mut random = vec![0; count];
    env.fill_random(&mut random);
    // All alphabets have a power of two letters, so the remainder favours none.
    random.iter().map(|&byte| char::from(alphabet[usize::from(byte) % N])).collect()
}

/// A unique id: `AIDA` and seventeen letters.
pub(super) fn id(env: &Env, prefix: &str) -> String {
    format!("{prefix}{}", letters(env, ID_LETTERS, 17))
}

/// The id of an access key: twenty letters.
pub(super) fn access_key(env: &Env) -> String {
    format!("AKIA{}", letters(env, ID_LETTERS, 16))
}

/// A secret access key: forty letters.
pub(super) fn secret(env: &Env) -> String {
    letters(env, SECRET_LETTERS, 40)
}

/// The id of a signing certificate: 32 letters.
pub(super) fn certificate(env: &Env) -> String {
    letters(env, ID_LETTERS, 32)
}

/// The id of a SAML provider or of one of its keys.
pub(super) fn saml_id(env: &Env) -> String {
    letters(env, ID_LETTERS, 24)
}

/// A password that was not chosen: 44 letters.
pub(super) fn password(env: &Env) -> String {
    letters(env, PASSWORD_LETTERS, 44)
}

/// Bytes in base 32, whose count is a multiple of five.
pub(super) fn base32(bytes: &[u8]) -> String {
    let blocks = bytes.chunks(5).map(|block| block.iter().fold(0u64, |sum, &byte| sum << 8 | u64::from(byte)));
    let letters = blocks.flat_map(|block| (0..8).rev().map(move |at| ID_LETTERS[(block >> (5 * at)) as usize % 32]));
    letters.map(char::from).collect()
}
