//! JPEG, read at a fraction of its size and written from planes (ISO/IEC 10918-1).
//!
//! A photo of 12 megapixels is shown at one. Most of what a decoder does for the other eleven can be left out, if the
//! decoder knows: this one inverts the cosine transform straight to N × N pixels a block, N from 1 to 8, keeps luma and
//! chroma in planes of their own sizes, and hands them on without ever making RGB of them. The encoder takes planes.
//!
//! ```text
//!  bytes ─► marker: Frame, tables ─► bits + lookup: coefficients ─► idct: N × N pixels ─► Planes
//!  Planes ─► fdct: coefficients, quantised ─► huffman: the shortest codes ─► encode: segments and scan
//!  bytes ─► marker ─► bits + huffman: coefficients ─► transcode: those that are seen ─► huffman ─► segments and scan
//! ```
//!
//! It reads what cameras write: sequential, Huffman-coded, 8 bits, one grey component or YCbCr in one interleaved scan,
//! any sampling, restart markers. Everything else, and every file with an error in it, is `None`: a general decoder, slower
//! and more forgiving, takes it from there. No byte is read or written but through
//! checked slices; the transforms exist a second time for AVX2 and FMA, chosen at run time.

mod bits;
mod decode;
mod encode;
mod fdct;
mod huffman;
mod idct;
mod lookup;
mod marker;
mod quality;
mod reader;
mod scan;
mod transcode;
#[cfg(target_arch = "x86_64")]
mod wide;

pub(crate) use self::{decode::decode, encode::encode, quality::Quality, transcode::transcode};
