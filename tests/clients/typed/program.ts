import { print } from "graphql";
import type { TypedDocumentNode } from "@graphql-typed-document-node/core";

import {
  CreatePostDocument,
  FeedDocument,
  type PostCardFragment,
  SignUpDocument,
  type SignUpInput,
  UploadMediaDocument,
} from "../generated/codegen/graphql.js";

/** The API at `url`, which is that of /graphql. Set `token` once there is one. */
export class Darkroom {
  token: string | undefined;

  constructor(private readonly url: string) {}

  /** Sends an operation. `files` go to the places in the variables that their keys name, such as "input.file". */
  async send<Data, Variables>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
    files: Record<string, File> = {},
  ): Promise<Data> {
    // A file has no place in JSON: it leaves null, which the multipart request fills.
    const bare = (_: string, value: unknown) => (value instanceof File ? null : value);
    const operations = JSON.stringify({ query: print(document), variables }, bare);
    const headers = new Headers({ "GraphQL-Require-Preflight": "1" });
    if (this.token) headers.set("Authorization", `Bearer ${this.token}`);
    const places = Object.entries(files);
    let body: string | FormData = operations;
    if (places.length > 0) {
      body = new FormData();
      body.append("operations", operations);
      body.append("map", JSON.stringify(Object.fromEntries(places.map(([at]) => [at, [`variables.${at}`]]))));
      for (const [at, file] of places) body.append(at, file);
    } else {
      headers.set("Content-Type", "application/json");
    }
    const response = await fetch(this.url, { method: "POST", headers, body });
    const { data, errors } = (await response.json()) as { data?: Data; errors?: { message: string }[] };
    if (errors || !data) throw new Error(errors?.map(({ message }) => message).join("; ") ?? "no data");
    return data;
  }
}

/** Signs up, posts the photo, and gives the feed as soon as the post is in it. */
export async function firstPost(url: string, person: SignUpInput, photo: File): Promise<PostCardFragment[]> {
  const darkroom = new Darkroom(url);
  const { signUp } = await darkroom.send(SignUpDocument, { input: person });
  darkroom.token = signUp.session?.token;

  const upload = { input: { file: photo, altText: "A harbour in the evening" } };
  const { uploadMedia } = await darkroom.send(UploadMediaDocument, upload, { "input.file": photo });
  if (!uploadMedia.media) throw new Error(uploadMedia.userErrors.map(({ message }) => message).join("; "));

  await darkroom.send(CreatePostDocument, { input: { mediaIds: [uploadMedia.media.id], caption: "Hello #darkroom" } });
  for (;;) {
    const { feed } = await darkroom.send(FeedDocument, { first: 20 });
    if (feed.edges.length > 0) return feed.edges.map(({ node }) => node);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
