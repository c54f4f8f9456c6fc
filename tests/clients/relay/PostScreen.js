// One post with what is said below it: fragments on what `node` gives, a connection below an object, and live comments
// put into it.
import { graphql } from "relay-runtime";

/** What is said below the post, a page at a time. */
export const Comments = graphql`
  fragment PostScreen_comments on Post
  @argumentDefinitions(count: { type: "Int", defaultValue: 20 }, cursor: { type: "String" })
  @refetchable(queryName: "PostScreenMoreCommentsQuery") {
    comments(first: $count, after: $cursor) @connection(key: "PostScreen_comments") {
      edges {
        node {
          id
          text
          author {
            ...FeedScreen_author
          }
        }
      }
    }
  }
`;

/** The whole screen. */
export const Screen = graphql`
  query PostScreenQuery($id: ID!, $count: Int!) {
    node(id: $id) {
      ...FeedScreen_post @alias
      ...PostScreen_comments @alias @arguments(count: $count)
    }
  }
`;

/** What others say while the screen is open. */
export const Live = graphql`
  subscription PostScreenSubscription($postId: ID!, $connections: [ID!]!) {
    commentAdded(postId: $postId) @prependNode(connections: $connections, edgeTypeName: "CommentEdge") {
      id
      text
      author {
        ...FeedScreen_author
      }
    }
  }
`;

/** What the viewer says. */
export const Add = graphql`
  mutation PostScreenAddMutation($input: AddCommentInput!, $connections: [ID!]!) {
    addComment(input: $input) {
      comment @prependNode(connections: $connections, edgeTypeName: "CommentEdge") {
        id
        text
      }
      userErrors {
        code
        message
      }
    }
  }
`;

/** A file goes beside the variables, as an uploadable. */
export const Upload = graphql`
  mutation PostScreenUploadMutation($input: UploadMediaInput!) {
    uploadMedia(input: $input) {
      media {
        id
        status
      }
      userErrors {
        code
        message
        mediaFailure
      }
    }
  }
`;
