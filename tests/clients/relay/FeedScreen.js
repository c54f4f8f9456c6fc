// A screen's fragments as an app writes them, and as docs/api.md shows them. Relay's compiler reads them; nothing runs
// this file.
import { graphql } from "relay-runtime";

/** One post of the list. */
export const Card = graphql`
  fragment FeedScreen_post on Post {
    id
    caption
    likeCount
    viewerHasLiked
    author {
      ...FeedScreen_author
    }
    media {
      placeholder
      url(size: MEDIUM)
    }
  }
`;

export const Author = graphql`
  fragment FeedScreen_author on User {
    username
    avatar
  }
`;

/** The list, a page at a time. */
export const List = graphql`
  fragment FeedScreen_feed on Query
  @argumentDefinitions(count: { type: "Int", defaultValue: 20 }, cursor: { type: "String" })
  @refetchable(queryName: "FeedScreenNextPageQuery") {
    feed(mode: FOLLOWING, first: $count, after: $cursor) @connection(key: "FeedScreen_feed") {
      edges {
        node {
          id
          ...FeedScreen_post
        }
      }
    }
  }
`;

/** The whole screen. */
export const Screen = graphql`
  query FeedScreenQuery($count: Int!) {
    viewer {
      user {
        ...FeedScreen_author
      }
    }
    ...FeedScreen_feed @arguments(count: $count)
  }
`;
