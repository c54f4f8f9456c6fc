//! A schema with a field of each kind that the edge has to do with.

use std::io;
use std::sync::Arc;

use async_graphql::{Context, Error, Object, Result, Schema, Subscription, ValidationMode};
use darkroom_schema::OnlyValidate;
use darkroom_schema::upload::{OpenedUpload, Uploads};
use futures::{Stream, StreamExt, TryStreamExt, stream};

use super::load::Gate;
use crate::graphql::check::{Check, Limits, Shape};
use crate::graphql::documents::Documents;
use crate::graphql::gateway::Caller;
use crate::graphql::persisted::Persisted;

pub(super) type TestSchema = Schema<Query, Mutation, Live>;

pub(super) fn build() -> TestSchema {
    Schema::build(Query, Mutation, Live).validation_mode(ValidationMode::Fast).finish()
}

/// The same, which executes nothing.
pub(super) fn validator() -> TestSchema {
    Schema::build(Query, Mutation, Live).extension(OnlyValidate).finish()
}

/// Documents of this schema, under the product's limits.
pub(super) fn documents(persisted: Persisted) -> Documents {
    let check = Check::new(Shape::of::<Query, Mutation, Live>(), Limits::default());
    Documents::new(check, persisted, 1 << 20)
}

pub(super) struct Query;

#[Object]
impl Query {
    async fn hello(&self) -> &str {
        "world"
    }
    async fn echo(&self, text: String) -> String {
        text
    }
    async fn me(&self, ctx: &Context<'_>) -> Option<String> {
        ctx.data_unchecked::<Caller<String>>().viewer.clone()
    }
    async fn fails(&self) -> Result<i32> {
        Err(Error::new("it failed"))
    }
    async fn panics(&self, #[graphql(default = true)] really: bool) -> i32 {
        assert!(!really, "a test's panic");
        0
    }
}

pub(super) struct Mutation;

/// Bytes and a sum over them, so that order and content count.
async fn consume(opened: OpenedUpload) -> io::Result<String> {
    let start = (0_u64, 0_u64);
    let (bytes, sum) = opened
        .body
        .try_fold(start, |(bytes, sum), chunk| async move {
            let sum = chunk.iter().fold(sum, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(*byte)));
            Ok((bytes + chunk.len() as u64, sum))
        })
        .await?;
    Ok(format!("{bytes}:{sum}:{}", opened.content_type.unwrap_or_default()))
}

fn index(value: &str) -> Result<usize> {
    let number = value.strip_prefix("upload:").ok_or_else(|| Error::new("this is no upload"))?;
    number.parse().map_err(|_| Error::new("this is no upload"))
}

fn uploads<'a>(ctx: &'a Context<'_>) -> Result<&'a Arc<dyn darkroom_schema::upload::UploadSource>> {
    ctx.data::<Uploads>().map(|uploads| &uploads.0)
}

fn told(error: &io::Error) -> Error {
    Error::new(format!("{:?}: {error}", error.kind()))
}

async fn read(ctx: &Context<'_>, file: &str) -> Result<String> {
    let opened = uploads(ctx)?.open(index(file)?).await.map_err(|error| told(&error))?;
    consume(opened).await.map_err(|error| told(&error))
}

#[Object]
impl Mutation {
    async fn touch(&self) -> bool {
        true
    }
    /// Waits at the test's gate.
    async fn wait(&self, ctx: &Context<'_>) -> bool {
        ctx.data_unchecked::<Gate>().pass().await;
        true
    }
    async fn upload(&self, ctx: &Context<'_>, file: String) -> Result<String> {
        read(ctx, &file).await
    }
    /// Reads the files in the order of the list.
    async fn upload_all(&self, ctx: &Context<'_>, files: Vec<String>) -> Result<Vec<String>> {
        let mut told = Vec::new();
        for file in files {
            told.push(read(ctx, &file).await?);
        }
        Ok(told)
    }
    /// Takes the file's first chunk, then reads the other one.
    async fn upload_part(&self, ctx: &Context<'_>, file: String, then: String) -> Result<String> {
        let mut opened = uploads(ctx)?.open(index(&file)?).await.map_err(|error| told(&error))?;
        opened.body.next().await;
        drop(opened);
        read(ctx, &then).await
    }
    async fn ignore(&self, file: String) -> bool {
        index(&file).is_ok()
    }
}

pub(super) struct Live;

#[Subscription]
impl Live {
    async fn count(&self, to: i32) -> impl Stream<Item = i32> {
        stream::iter(1..=to)
    }
    async fn silence(&self) -> impl Stream<Item = i32> {
        stream::pending()
    }
    async fn broken(&self) -> Result<stream::Iter<std::vec::IntoIter<i32>>> {
        Err(Error::new("it does not begin"))
    }
}
