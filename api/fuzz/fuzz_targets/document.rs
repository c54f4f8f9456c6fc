//! See [`darkroom_api_fuzz::document`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| darkroom_api_fuzz::document(bytes));
