//! See [`darkroom_media_fuzz::probe`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| darkroom_media_fuzz::probe(bytes));
