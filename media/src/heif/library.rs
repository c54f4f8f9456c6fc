//! The system's libheif, loaded while running. All unsafe code for it is here.
//!
//! Declarations are those of `libheif/heif.h` in versions 1.15 to 1.20 (`heif_security_limits`: from 1.19). The
//! structures of options and limits begin with a version byte and only ever grow at their end; they are allocated by
//! the library, and only fields of the first versions are touched here.
#![expect(unsafe_code, reason = "libheif is a C library, and HEVC has no decoder in Rust")]

use std::{
    ffi::{CStr, c_char, c_int, c_void},
    ptr,
    sync::LazyLock,
};

use libloading::{Library, Symbol};

use super::HeifSupport;

/// Where the library is looked for: its name carries the version of its binary interface.
const NAMES: [&str; 3] = ["libheif.so.1", "libheif.1.dylib", "libheif.dll"];

/// The oldest version that is used, as 0xHHMMLL00 in binary-coded decimals.
const OLDEST: u32 = 0x010f_0000;

/// `heif_compression_HEVC`, `heif_compression_AV1`
const HEVC: c_int = 1;
const AV1: c_int = 4;
/// `heif_colorspace_RGB`, `heif_chroma_interleaved_RGB`, `heif_chroma_interleaved_RGBA`, `heif_channel_interleaved`
const RGB: c_int = 1;
const INTERLEAVED_RGB: c_int = 10;
const INTERLEAVED_RGBA: c_int = 11;
const INTERLEAVED: c_int = 10;

/// `struct heif_error`
#[repr(C)]
struct HeifError {
    code: c_int,
    subcode: c_int,
    message: *const c_char,
}

/// `struct heif_decoding_options`, its first two versions.
#[repr(C)]
struct DecodingOptions {
    version: u8,
    ignore_transformations: u8,
    start_progress: *const c_void,
    on_progress: *const c_void,
    end_progress: *const c_void,
    progress_user_data: *const c_void,
    // from version 2 on
    convert_hdr_to_8bit: u8,
}

/// `struct heif_security_limits`, its first fields.
#[repr(C)]
struct SecurityLimits {
    version: u8,
    max_image_size_pixels: u64,
    max_number_of_tiles: u64,
    max_bayer_pattern_pixels: u32,
    max_items: u32,
}

/// A decoded picture: 8-bit RGB or RGBA, row by row without padding.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Pixels {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) bytes: Vec<u8>,
    /// 3, or 4 with alpha.
    pub(crate) channels: usize,
    /// Whether the colours are multiplied by alpha already.
    pub(crate) premultiplied: bool,
}

/// Why there are no pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The library is missing, too old or strange.
    Unavailable,
    /// It has no decoder for this kind of picture.
    Unsupported,
    /// It ran into its limits, or out of memory.
    TooLarge,
    /// The file is damaged.
    Damaged,
}

/// Declares the functions that are used, with their types in C, and how all are looked up at once.
macro_rules! functions {
    ($($name:ident($($argument:ty),*) $(-> $result:ty)?;)*) => {
        /// The functions that every version has.
        #[derive(Clone, Copy)]
        struct Functions {
            $($name: unsafe extern "C" fn($($argument),*) $(-> $result)?,)*
        }

        impl Functions {
            fn find(library: &'static Library) -> Option<Functions> {
                // SAFETY: each type is the function's in libheif's header; the library is never unloaded.
                unsafe {
                    Some(Functions { $($name: *library.get(concat!(stringify!($name), "\0").as_bytes()).ok()?,)* })
                }
            }
        }
    };
}

functions! {
    heif_get_version() -> *const c_char;
    heif_get_version_number() -> u32;
    heif_have_decoder_for_format(c_int) -> c_int;
    heif_context_alloc() -> *mut c_void;
    heif_context_free(*mut c_void);
    heif_context_set_maximum_image_size_limit(*mut c_void, c_int);
    heif_context_read_from_memory_without_copy(*mut c_void, *const c_void, usize, *const c_void) -> HeifError;
    heif_context_get_primary_image_handle(*mut c_void, *mut *mut c_void) -> HeifError;
    heif_image_handle_release(*mut c_void);
    heif_image_handle_has_alpha_channel(*const c_void) -> c_int;
    heif_image_handle_is_premultiplied_alpha(*const c_void) -> c_int;
    heif_decoding_options_alloc() -> *mut DecodingOptions;
    heif_decoding_options_free(*mut DecodingOptions);
    heif_decode_image(*const c_void, *mut *mut c_void, c_int, c_int, *const DecodingOptions) -> HeifError;
    heif_image_release(*mut c_void);
    heif_image_get_width(*const c_void, c_int) -> c_int;
    heif_image_get_height(*const c_void, c_int) -> c_int;
    heif_image_get_bits_per_pixel(*const c_void, c_int) -> c_int;
    heif_image_get_plane_readonly(*const c_void, c_int, *mut c_int) -> *const u8;
}

/// The library with its functions.
struct Heif {
    library: &'static Library,
    call: Functions,
}

static HEIF: LazyLock<Option<Heif>> = LazyLock::new(|| {
    // SAFETY: loading runs the library's constructors, which register its codecs and no more; the name is a fixed one,
    // looked up where the system keeps its libraries.
    let library = NAMES.iter().find_map(|name| unsafe { Library::new(*name) }.ok())?;
    let library: &'static Library = Box::leak(Box::new(library));
    let call = Functions::find(library)?;
    // SAFETY: takes nothing.
    if unsafe { (call.heif_get_version_number)() } < OLDEST {
        return None;
    }
    let heif = Heif { library, call };
    // Loads the codecs where they are plug-ins; it may be left out, so it may be missing.
    // SAFETY: `struct heif_error heif_init(struct heif_init_params*)`, and null asks for the defaults.
    unsafe {
        if let Some(init) = heif.optional::<unsafe extern "C" fn(*const c_void) -> HeifError>(b"heif_init\0") {
            init(ptr::null());
        }
    }
    Some(heif)
});

impl Heif {
    /// A function that only some versions have.
    ///
    /// # Safety
    ///
    /// `F` must be the function's type in libheif's header.
    unsafe fn optional<F: Copy>(&self, name: &[u8]) -> Option<F> {
        // SAFETY: by the caller's promise; the library is never unloaded.
        unsafe { self.library.get::<F>(name) }.ok().map(|symbol: Symbol<'_, F>| *symbol)
    }
}

pub(super) fn support() -> HeifSupport {
    let Some(heif) = HEIF.as_ref() else { return HeifSupport::default() };
    // SAFETY: both take no pointer; the version is a static text that ends with NUL.
    let (version, has) = unsafe {
        let version = CStr::from_ptr((heif.call.heif_get_version)()).to_string_lossy().into_owned();
        (version, |codec| (heif.call.heif_have_decoder_for_format)(codec) != 0)
    };
    HeifSupport { available: true, version, hevc: has(HEVC), av1: has(AV1) }
}

/// Something of the library's that is released at the end of its scope.
struct Owned<T> {
    pointer: *mut T,
    release: unsafe extern "C" fn(*mut T),
}

impl<T> Owned<T> {
    /// Takes over what the library allocated.
    ///
    /// # Safety
    ///
    /// `pointer` is null or what `release` is for, and nobody else releases it.
    unsafe fn new(pointer: *mut T, release: unsafe extern "C" fn(*mut T)) -> Result<Self, Trouble> {
        if pointer.is_null() { Err(Trouble::TooLarge) } else { Ok(Owned { pointer, release }) }
    }
}

impl<T> Drop for Owned<T> {
    fn drop(&mut self) {
        // SAFETY: by the promise of `new`.
        unsafe { (self.release)(self.pointer) }
    }
}

/// Decodes the primary picture, cropped and turned as the file asks.
///
/// libheif is told to stay within `max_side` and `max_pixels`, and to start no threads of its own for tiles.
pub(crate) fn decode(bytes: &[u8], max_pixels: u64, max_side: u32) -> Result<Pixels, Trouble> {
    let heif = HEIF.as_ref().ok_or(Trouble::Unavailable)?;
    let call = &heif.call;
    // SAFETY: every call is as libheif's header says. `bytes` and the context outlive the handle and the image, which
    // are released before it (in reverse order of their making); out-pointers are to locals of the right type; options
    // and limits are checked to be of a version that has the fields which are set.
    unsafe {
        let context = Owned::new((call.heif_context_alloc)(), call.heif_context_free)?;
        (call.heif_context_set_maximum_image_size_limit)(
            context.pointer,
            c_int::try_from(max_side).unwrap_or(c_int::MAX),
        );
        type GetLimits = unsafe extern "C" fn(*const c_void) -> *mut SecurityLimits;
        if let Some(get) = heif.optional::<GetLimits>(b"heif_context_get_security_limits\0")
            && let Some(limits) = get(context.pointer).as_mut()
            && limits.version >= 1
        {
            limits.max_image_size_pixels = max_pixels;
        }
        if let Some(set) =
            heif.optional::<unsafe extern "C" fn(*mut c_void, c_int)>(b"heif_context_set_max_decoding_threads\0")
        {
            set(context.pointer, 0);
        }
        let source = bytes.as_ptr().cast();
        done(&(call.heif_context_read_from_memory_without_copy)(context.pointer, source, bytes.len(), ptr::null()))?;

        let mut handle = ptr::null_mut();
        done(&(call.heif_context_get_primary_image_handle)(context.pointer, &raw mut handle))?;
        let handle = Owned::new(handle, call.heif_image_handle_release)?;
        let alpha = (call.heif_image_handle_has_alpha_channel)(handle.pointer) != 0;
        let premultiplied = alpha && (call.heif_image_handle_is_premultiplied_alpha)(handle.pointer) != 0;
        let (chroma, channels) = if alpha { (INTERLEAVED_RGBA, 4) } else { (INTERLEAVED_RGB, 3) };

        let options = Owned::new((call.heif_decoding_options_alloc)(), call.heif_decoding_options_free)?;
        if (*options.pointer).version >= 2 {
            (*options.pointer).convert_hdr_to_8bit = 1;
        }
        let mut image = ptr::null_mut();
        done(&(call.heif_decode_image)(handle.pointer, &raw mut image, RGB, chroma, options.pointer))?;
        let image = Owned::new(image, call.heif_image_release)?;

        let width = (call.heif_image_get_width)(image.pointer, INTERLEAVED);
        let height = (call.heif_image_get_height)(image.pointer, INTERLEAVED);
        let bits = (call.heif_image_get_bits_per_pixel)(image.pointer, INTERLEAVED);
        let mut stride = 0;
        let plane = (call.heif_image_get_plane_readonly)(image.pointer, INTERLEAVED, &raw mut stride);
        let sizes = (u32::try_from(width), u32::try_from(height), usize::try_from(stride));
        let (Ok(width), Ok(height), Ok(stride)) = sizes else { return Err(Trouble::Damaged) };
        let row = width as usize * channels;
        let within = width > 0 && height > 0 && width <= max_side && height <= max_side;
        if plane.is_null() || bits != 8 * channels as c_int || stride < row || !within {
            return Err(Trouble::Damaged);
        }
        let mut bytes = Vec::with_capacity(row * height as usize);
        for y in 0..height as usize {
            // The plane has `height` rows of `stride` bytes, of which the first `row` are pixels.
            bytes.extend_from_slice(std::slice::from_raw_parts(plane.add(y * stride), row));
        }
        Ok(Pixels { width, height, bytes, channels, premultiplied })
    }
}

/// What an error of the library means here.
fn done(error: &HeifError) -> Result<(), Trouble> {
    const OK: c_int = 0;
    const UNSUPPORTED_FILETYPE: c_int = 3;
    const UNSUPPORTED_FEATURE: c_int = 4;
    const MEMORY: c_int = 6;
    match error.code {
        OK => Ok(()),
        UNSUPPORTED_FILETYPE | UNSUPPORTED_FEATURE => Err(Trouble::Unsupported),
        MEMORY => Err(Trouble::TooLarge),
        _ => Err(Trouble::Damaged),
    }
}
