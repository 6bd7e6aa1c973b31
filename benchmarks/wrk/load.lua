-- Sends the requests that load.py wrote to files, one thread, closed loop.
--
--   wrk ... -s load.lua URL -- READS WRITES SHARE COUNT_STATUSES
--
-- A line of a file is one request: method, path, token, user, key and body, tabs between.
-- READS is gone through again and again. WRITES is gone through once, since a booking can be
-- made once: every SHARE-th request is one of these. Either may be "-". At the end one line of
-- JSON tells what was measured. Statuses are counted one by one only where more than one kind
-- of answer is a success: to look at each answer costs as much as to send its request.

local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

local function requests_of(file)
  local requests = {}
  if file == "-" then
    return requests
  end
  for line in io.lines(file) do
    local method, path, token, user, key, body =
      line:match("^([^\t]*)\t([^\t]*)\t([^\t]*)\t([^\t]*)\t([^\t]*)\t(.*)$")
    local headers = { ["Authorization"] = "Bearer " .. token, ["X-User-Id"] = user }
    if key ~= "" then
      headers["Idempotency-Key"] = key
    end
    if body ~= "" then
      headers["Content-Type"] = "application/json"
    end
    table.insert(requests, wrk.format(method, path, headers, body ~= "" and body or nil))
  end
  return requests
end

function init(args)
  reads = requests_of(args[1])
  writes = requests_of(args[2])
  share = tonumber(args[3])
  sent = 0
  written = 0
  statuses = ""
  counted = {}
  if args[4] == "yes" then
    response = function(status)
      counted[status] = (counted[status] or 0) + 1
      statuses = ""
      for code, times in pairs(counted) do
        statuses = statuses .. string.format('"%d": %d, ', code, times)
      end
    end
  end
end

function request()
  sent = sent + 1
  if share > 0 and sent % share == 0 and written < #writes then
    written = written + 1
    return writes[written]
  end
  if #reads == 0 then
    -- Nothing is left that could be booked: what is sent from now on would be no such answer.
    wrk.thread:stop()
    return writes[#writes]
  end
  return reads[1 + sent % #reads]
end

function done(summary, latency, requests)
  local thread = threads[1]
  local errors = summary.errors
  print(string.format(
    'MEASURED {"seconds": %f, "answers": %d, "bytes": %d, "p50": %f, "p95": %f, "p99": %f, '
      .. '"most": %f, "failed": %d, "broken": %d, "written": %d, "statuses": {%s}}',
    summary.duration / 1e6, summary.requests, summary.bytes,
    latency:percentile(50) / 1e3, latency:percentile(95) / 1e3, latency:percentile(99) / 1e3,
    latency.max / 1e3, errors.status, errors.connect + errors.read + errors.write + errors.timeout,
    thread:get("written"), thread:get("statuses"):sub(1, -3)
  ))
end
