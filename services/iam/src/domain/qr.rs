//! A text as a QR code in a PNG picture: what authenticator apps scan.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use qrcode::{Color, QrCode};

/// The width of a module in pixels, and of the margin in modules, as the standard asks for.
const SCALE: usize = 5;
const MARGIN: usize = 4;

/// The picture; `None` if the text is too long for any code.
pub fn qr_png(text: &str) -> Option<Vec<u8>> {
    let code = QrCode::new(text).ok()?;
    let (modules, colours) = (code.width(), code.to_colors());
    let width = (modules + 2 * MARGIN) * SCALE;
    let is_dark = |x: usize, y: usize| {
        let module = |at: usize| (at / SCALE).checked_sub(MARGIN).filter(|at| *at < modules);
        module(x).zip(module(y)).is_some_and(|(x, y)| colours[y * modules + x] == Color::Dark)
    };
    let mut pixels = ZlibEncoder::new(Vec::new(), Compression::default());
    for y in 0..width {
        // Each row begins with its filter, which is none; white is one.
        let mut row = vec![0];
        for byte in 0..width.div_ceil(8) {
            let bits = (0..8).map(|bit| (byte * 8 + bit, bit)).filter(|(x, _)| *x < width && !is_dark(*x, y));
            row.push(bits.fold(0, |all, (_, bit)| all | 0x80 >> bit));
        }
        pixels.write_all(&row).ok()?;
    }
    let size = u32::try_from(width).ok()?.to_be_bytes();
    // One bit for each pixel, in grey; compression, filter and interlacing are the only ones that there are, or none.
    let head = [&size[..], &size, &[1, 0, 0, 0, 0]].concat();
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, content) in [(b"IHDR", head), (b"IDAT", pixels.finish().ok()?), (b"IEND", Vec::new())] {
        let body = [&kind[..], &content].concat();
        png.extend(u32::try_from(content.len()).ok()?.to_be_bytes());
        png.extend(&body);
        png.extend(crc32fast::hash(&body).to_be_bytes());
    }
    Some(png)
}
