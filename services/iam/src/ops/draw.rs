//! What is drawn by lot: ids and secrets.

use tidegate_env::Env;

/// The letters of ids, as AWS has them: base 32.
const ID_LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// The letters of secrets: base 64.
const SECRET_LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn letters<const N: usize>(env: &Env, alphabet: &[u8; N], count: usize) -> String {
    let mut random = vec![0; count];
    env.fill_random(&mut random);
    // Both alphabets have a power of two letters, so the remainder favours none.
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
