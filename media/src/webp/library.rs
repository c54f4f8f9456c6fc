//! libwebp's encoder. All unsafe code for it is here.
#![expect(unsafe_code, reason = "libwebp is a C library, and nothing in Rust writes lossy WebP")]

use std::slice;

use libwebp_sys::{
    WebPConfig, WebPEncode, WebPMemoryWrite, WebPMemoryWriter, WebPMemoryWriterClear, WebPMemoryWriterInit,
    WebPPicture, WebPPreset,
};

/// A picture in planes without padding, in studio values: luma `width` × `height`, chroma half of both, rounded up.
pub(super) struct Picture {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) luma: Vec<u8>,
    pub(super) blue: Vec<u8>,
    pub(super) red: Vec<u8>,
}

/// Effort from 0 to 6. The highest takes twice the time of the usual 4, for 3 to 5 % fewer bytes at the same quality; nobody
/// waits for it.
const METHOD: i32 = 6;

/// Encodes a picture of up to 16,383 pixels a side; `None` if it is larger or libwebp fails.
pub(super) fn encode(mut picture: Picture, quality: f32) -> Option<Vec<u8>> {
    let (across, down) = (picture.width.div_ceil(2) as usize, picture.height.div_ceil(2) as usize);
    let whole = picture.luma.len() == picture.width as usize * picture.height as usize;
    if !whole || [&picture.blue, &picture.red].iter().any(|plane| plane.len() != across * down) {
        return None;
    }
    let mut config = WebPConfig::new_with_preset(WebPPreset::WEBP_PRESET_DEFAULT, quality).ok()?;
    config.method = METHOD;
    let mut view = WebPPicture::new().ok()?;
    view.use_argb = 0;
    view.width = i32::try_from(picture.width).ok()?;
    view.height = i32::try_from(picture.height).ok()?;
    view.y = picture.luma.as_mut_ptr();
    view.u = picture.blue.as_mut_ptr();
    view.v = picture.red.as_mut_ptr();
    view.y_stride = view.width;
    view.uv_stride = i32::try_from(across).ok()?;
    view.writer = Some(WebPMemoryWrite);

    let mut written = Written::new();
    view.custom_ptr = (&raw mut written.0).cast();
    // SAFETY: the planes are as long as the sizes and strides say, which is checked above, and are changed by nobody as long
    // as the call lasts; the writer expects what `custom_ptr` leads to. libwebp owns no memory of `view` (its planes are
    // ours), so nothing of it is to be freed.
    let encoded = unsafe { WebPEncode(&raw const config, &raw mut view) } != 0;
    encoded.then(|| written.bytes())
}

/// A file that grows while libwebp writes it; freed when dropped.
struct Written(WebPMemoryWriter);

impl Written {
    fn new() -> Written {
        let mut writer = WebPMemoryWriter { mem: std::ptr::null_mut(), size: 0, max_size: 0, pad: [0] };
        // SAFETY: it only sets the fields.
        unsafe { WebPMemoryWriterInit(&raw mut writer) };
        Written(writer)
    }

    fn bytes(&self) -> Vec<u8> {
        if self.0.mem.is_null() {
            return Vec::new();
        }
        // SAFETY: `size` bytes at `mem` were written, and are freed only with `self`.
        unsafe { slice::from_raw_parts(self.0.mem, self.0.size) }.to_vec()
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        // SAFETY: the memory is libwebp's, or none.
        unsafe { WebPMemoryWriterClear(&raw mut self.0) };
    }
}
