//! The `Upload` scalar: a file of a multipart request, which is read only when a resolver asks for it.
//!
//! The edge puts `upload:<index>` where the client left a null, and gives the request an [`Uploads`] that opens the file
//! with that index straight from the wire.

use std::io;
use std::sync::Arc;

use async_graphql::{Context, InputValueError, InputValueResult, Scalar, ScalarType, Value};
use bytes::Bytes;
use darkroom_service::Error;
use darkroom_service::media::body_error;
use futures::future::BoxFuture;
use futures::stream::BoxStream;

use crate::error::Result;

/// What the edge puts in the place of a file's null.
pub const PREFIX: &str = "upload:";

/// A file of a multipart request, by its place in the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Upload(usize);

/// A file that is sent with the request, by the GraphQL multipart request specification: the variable is null in
/// `operations`, and `map` names the part that holds the file.
#[Scalar]
impl ScalarType for Upload {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = &value else {
            return Err(InputValueError::custom("a file must be sent as multipart/form-data"));
        };
        let index = text.strip_prefix(PREFIX).and_then(|index| index.parse().ok());
        index.map(Self).ok_or_else(|| InputValueError::custom("a file must be sent as multipart/form-data"))
    }

    fn to_value(&self) -> Value {
        Value::Null
    }
}

/// Opens the files of a request.
pub trait UploadSource: Send + Sync {
    /// Begins to read the file with this index. A file is opened once.
    fn open(&self, index: usize) -> BoxFuture<'_, io::Result<OpenedUpload>>;
}

/// A file being read.
pub struct OpenedUpload {
    /// What the client says it is. Never believed.
    pub content_type: Option<String>,
    /// Its bytes, as they come.
    pub body: BoxStream<'static, io::Result<Bytes>>,
}

/// The files of a request.
#[derive(Clone)]
pub struct Uploads(pub Arc<dyn UploadSource>);

impl Upload {
    /// Begins to read the file.
    pub(crate) async fn open(self, ctx: &Context<'_>) -> Result<OpenedUpload, Error> {
        let Some(Uploads(source)) = ctx.data_opt::<Uploads>() else {
            return Err(Error::invalid("file", "A file must be sent as multipart/form-data."));
        };
        source.open(self.0).await.map_err(body_error)
    }
}
