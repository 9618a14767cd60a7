-- Plays the requests of a file, one line each: method, path, body and headers, separated by tabs.
-- HOMEROOM_LOAD_ONCE=1 plays the file once and stops; otherwise it starts again at the top for ever.
local ffi = require("ffi")
ffi.cdef [[
  typedef struct { long seconds; long nanoseconds; } moment;
  int clock_gettime(int clock, moment *into);
  int getpid(void);
  int kill(int process, int signal);
]]
local MONOTONIC, INTERRUPT = 1, 2
local once = os.getenv("HOMEROOM_LOAD_ONCE") == "1"
local threads = {}
local lines = {}
local at, answered, verified = 0, 0, false
statuses = ""
local counts = {}
began, ended = 0, 0

local function now()
  local moment = ffi.new("moment")
  ffi.C.clock_gettime(MONOTONIC, moment)
  return tonumber(moment.seconds) + tonumber(moment.nanoseconds) / 1e9
end

local function fields(line)
  local found = {}
  for field in (line .. "\t"):gmatch("([^\t]*)\t") do
    found[#found + 1] = field
  end
  return found
end

function setup(thread)
  threads[#threads + 1] = thread
end

function init(arguments)
  for line in io.lines(arguments[1]) do
    local parts, headers = fields(line), {}
    for i = 4, #parts do
      local name, value = parts[i]:match("^([^:]+): (.*)$")
      headers[name] = value
    end
    lines[#lines + 1] = wrk.format(parts[1], parts[2], headers, parts[3] ~= "" and parts[3] or nil)
  end
end

function request()
  if not verified then -- wrk asks once before it starts, to count what one call returns
    verified = true
    return lines[1]
  end
  if at == 0 then
    began = now()
  end
  at = at + 1
  if at > #lines then
    if once then
      return "" -- nothing is written, so this connection waits for no answer
    end
    at = 1
  end
  return lines[at]
end

if once then
  function response(status)
    answered = answered + 1
    counts[status] = (counts[status] or 0) + 1
    if answered == #lines then
      ended = now()
      local shown = {}
      for code, count in pairs(counts) do
        shown[#shown + 1] = string.format('"%d": %d', code, count)
      end
      statuses = table.concat(shown, ", ")
      ffi.C.kill(ffi.C.getpid(), INTERRUPT) -- wakes wrk out of its sleep; it then reports as usual
    end
  end
end

function done(summary, latency, requests)
  local errors, thread = summary.errors, threads[1]
  io.write(string.format(
    'RESULT {"requests": %d, "seconds": %.6f, "p50_ms": %.3f, "p99_ms": %.3f, "refused": %d, ' ..
    '"broken": %d, "began": %.6f, "ended": %.6f, "statuses": {%s}}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    thread:get("began"), thread:get("ended"), thread:get("statuses")))
end
