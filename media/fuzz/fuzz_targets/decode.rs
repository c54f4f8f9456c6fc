//! See [`darkroom_media_fuzz::decode`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| darkroom_media_fuzz::decode(bytes));
