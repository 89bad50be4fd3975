import { decimal, text, whole, yesNo } from "./options.ts";

const NO_EFFECT = "logs go to standard error; it has no effect";

/** The logging flags that the original took from klog. Only `-v` and `--log-format` have an effect. */
export const klogOptions = {
  verbosity: whole({ flag: "v", fallback: 0, min: 0, help: "Verbosity of the log." }),
  logFormat: text({ flag: "log-format", fallback: "text", oneOf: ["text", "json"], help: "Format of the log." }),
  vmodule: text({ flag: "vmodule", fallback: "", deprecated: "use -v; it has no effect", help: "Verbosity a source." }),
  logToStderr: yesNo({ flag: "logtostderr", fallback: true, help: "Log to standard error; it always does." }),
  alsoLogToStderr: yesNo({
    flag: "alsologtostderr",
    fallback: false,
    help: "Log to standard error as well as files; it has no effect.",
  }),
  stderrThreshold: text({
    flag: "stderrthreshold",
    fallback: "2",
    help: "Least severity that goes to standard error; it has no effect.",
  }),
  logDir: text({ flag: "log_dir", fallback: "", deprecated: NO_EFFECT, help: "Folder for log files." }),
  logFile: text({ flag: "log_file", fallback: "", deprecated: NO_EFFECT, help: "Log file." }),
  logFileMaxSize: decimal({
    flag: "log_file_max_size",
    fallback: 1800,
    help: "Largest size of a log file, in megabytes; it has no effect.",
  }),
  logBacktraceAt: text({
    flag: "log_backtrace_at",
    fallback: "",
    help: "Write a stack trace at file:line; it has no effect.",
  }),
  addDirHeader: yesNo({
    flag: "add_dir_header",
    fallback: false,
    help: "Add the folder to the header of a line; it has no effect.",
  }),
  skipHeaders: yesNo({
    flag: "skip_headers",
    fallback: false,
    help: "Leave the headers of lines out; it has no effect.",
  }),
  skipLogHeaders: yesNo({
    flag: "skip_log_headers",
    fallback: false,
    help: "Leave the headers of log files out; it has no effect.",
  }),
  oneOutput: yesNo({
    flag: "one_output",
    fallback: false,
    help: "Write a line to its own severity's log only; it has no effect.",
  }),
};
