// What the compiler must refuse; each line fails the build if it does not.
import { CreatePostDocument, FeedDocument, SignUpDocument, type PostCardFragment } from "../generated/codegen/graphql.js";
import { Darkroom } from "./program.js";

export async function wrong(darkroom: Darkroom, card: PostCardFragment): Promise<void> {
  // @ts-expect-error A field that was not asked for.
  void card.location;
  // @ts-expect-error A variable of another type.
  await darkroom.send(FeedDocument, { first: "20" });
  // @ts-expect-error A required variable that is missing.
  await darkroom.send(CreatePostDocument, {});
  // @ts-expect-error A required field of an input that is missing.
  await darkroom.send(SignUpDocument, { input: { username: "ada" } });
  const { feed } = await darkroom.send(FeedDocument, {});
  // @ts-expect-error What may be null must be looked at.
  feed.pageInfo.endCursor.length;
}
