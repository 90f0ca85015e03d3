#!/usr/bin/env bash
# Walks a session through its life against a running service, and checks every answer.
# Usage: ./demo.sh [URL]     (default http://localhost:3000; needs curl and python3)
set -uo pipefail

url=${1:-http://localhost:3000}
session=demo-$(date +%s)-$$
failures=0

# check TITLE STATUS EXPRESSION METHOD PATH [BODY]: sends a request; EXPRESSION is Python over the answer `a`.
check() {
    local title=$1 status=$2 expression=$3 method=$4 path=$5 body=${6:-}
    local arguments=(-sS -X "$method" -w '\n%{http_code}' "$url$path")
    [ -n "$body" ] && arguments+=(-H 'Content-Type: application/json' -d "$body")
    printf '\n\033[1m%s\033[0m\n  %s %s %s\n' "$title" "$method" "$path" "$body"
    local answer got
    answer=$(curl "${arguments[@]}") || { failures=$((failures + 1)); echo "  ✗ no answer"; return; }
    got=${answer##*$'\n'}
    answer=${answer%$'\n'*}
    printf '  → %s %s\n' "$got" "${answer:0:300}"
    if [ "$got" != "$status" ]; then
        failures=$((failures + 1)); echo "  ✗ the status should be $status"
    elif ! python3 -c 'import json, sys
a = json.loads(sys.argv[1] or "null")
sys.exit(0 if eval(sys.argv[2]) else 1)' "$answer" "$expression"; then
        failures=$((failures + 1)); echo "  ✗ this should hold: $expression"
    else
        echo "  ✓"
    fi
}

create='{"sessionId":"'$session'","language":"en-US","metadata":{"userId":"user_456"}}'
event='{"eventId":"evt_1","type":"user_speech","payload":{"transcript":"hello"},"timestamp":"2025-12-25T10:00:00Z"}'
other='{"eventId":"evt_1","type":"user_speech","payload":{"transcript":"goodbye"},"timestamp":"2025-12-25T10:00:00Z"}'
batch='{"events":[{"eventId":"evt_2","type":"bot_speech"},{"eventId":"evt_1","type":"user_speech","payload":{"transcript":"hello"},"timestamp":"2025-12-25T10:00:00Z"},{"eventId":"evt_3","type":"laugh"}]}'

check 'The service is ready'            200 'a["success"]'                                   GET  /health/ready
check 'A call begins'                   201 'a["data"]["status"] == "initiated"'             POST /v1/sessions "$create"
check 'The client retries'              200 'a["data"]["metadata"] == {"userId": "user_456"}' POST /v1/sessions "$create"
check 'The caller speaks'               201 'a["data"]["late"] is False'                     POST "/v1/sessions/$session/events" "$event"
check 'The client retries'              200 'a["data"]["eventId"] == "evt_1" and "warnings" not in a' POST "/v1/sessions/$session/events" "$event"
check 'The same id with other content'  200 'a["warnings"] == [{"code": "EVENT_ID_MISMATCH", "fields": ["payload"]}]' POST "/v1/sessions/$session/events" "$other"
check 'A batch: new, known, wrong'      207 '[r["outcome"] for r in a["data"]["results"]] == ["appended", "replayed", "rejected"]' POST "/v1/sessions/$session/events/batch" "$batch"
check 'The session so far'              200 'a["data"]["status"] == "active" and a["data"]["pagination"]["total"] == 2' GET "/v1/sessions/$session?offset=0&limit=50"
check 'A walk by cursor'                200 'a["data"]["pagination"]["hasMore"] and a["data"]["pagination"]["nextCursor"]' GET "/v1/sessions/$session/events?cursor=&limit=1"
check 'Metadata is merged'              200 'a["data"]["metadata"] == {"ticket": 42}'        PATCH "/v1/sessions/$session" '{"metadata":{"userId":null,"ticket":42}}'
check 'The call ends'                   200 'a["data"]["status"] == "completed" and a["data"]["endedAt"]' POST "/v1/sessions/$session/complete"
check 'The client retries'              200 'a["data"]["status"] == "completed"'             POST "/v1/sessions/$session/complete"
check 'It cannot fail any more'         409 'a["errorCode"] == "INVALID_TRANSITION"'         POST "/v1/sessions/$session/fail"
check 'A late event is kept and marked' 201 'a["data"]["late"] is True'                      POST "/v1/sessions/$session/events" '{"eventId":"evt_4","type":"system"}'
check 'A wrong type is explained'       400 'a["details"][0]["field"] == "type"'             POST "/v1/sessions/$session/events" '{"eventId":"evt_5","type":"laugh"}'
check 'The caller asks to be forgotten' 204 'a is None'                                      DELETE "/v1/sessions/$session"
check 'A late retry brings nothing back' 410 'a["errorCode"] == "SESSION_ERASED"'            POST "/v1/sessions/$session/events" "$event"

echo
if [ "$failures" -gt 0 ]; then
    echo "$failures answers were wrong"
    exit 1
fi
echo 'every answer was right'
