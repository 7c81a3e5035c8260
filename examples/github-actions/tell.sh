#!/bin/sh
# Posts a comment to the pull request whose merge a commit is: one for each first line, which later ones replace.
# Needs gh with the right to comment (GH_TOKEN), and GITHUB_REPOSITORY.
# Usage: tell.sh COMMENT COMMIT RUN-URL
set -eu
api=repos/$GITHUB_REPOSITORY
MARKER=$(head -n 1 "$1")
export MARKER
text=$(mktemp)
trap 'rm -f "$text"' EXIT
{
    cat "$1"
    printf '\n<sub>From [the run](%s) that the merge started.</sub>\n' "$3"
} >"$text"
for number in $(gh api "$api/commits/$2/pulls" --jq '.[] | select(.merged_at != null) | .number'); do
    id=$(gh api --paginate "$api/issues/$number/comments?per_page=100" --jq \
        '.[] | select(.user.login == "github-actions[bot]" and (.body | startswith(env.MARKER))) | .id' | head -n 1)
    if [ -n "$id" ]; then
        gh api --silent --method PATCH "$api/issues/comments/$id" --field "body=@$text"
    else
        gh api --silent --method POST "$api/issues/$number/comments" --field "body=@$text"
    fi
done
