//! See [`darkroom_api_fuzz::name`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| darkroom_api_fuzz::name(bytes));
