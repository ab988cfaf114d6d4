//===- CommandTable.cpp -----------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ModelFlags.h"
#include "Session.h"
#include "octet/Driver/CommandLine.h"
#include "octet/Harness/pool.h"
#include "octet/Quantization/Calibration/Ranges.h"
#include "llvm/ADT/StringExtras.h"
#include <cmath>

using namespace octet;
using llvm::StringRef;

static int runRun(const CommandOptions &o) { return runProgram("run", o); }

llvm::ArrayRef<Command> octet::allCommands() {
  static const Command table[] = {
      {"compile",
       "MODEL",
       1,
       1,
       "compile a model to a native program",
       {"octet compile net.onnx --calib calib.npz -o net",
        "octet compile net.onnx --ranges ranges.json --target "
        "avx512vnni,avx2,generic -o net.so",
        "octet compile net.onnx --shape x=1x3x480x640 --output scores"},
       runCompile},
      // checkCalibrate counts them.
      {"calibrate",
       "MODEL",
       0,
       std::numeric_limits<size_t>::max(),
       "find the range of every tensor",
       {"octet calibrate net.onnx --data calib.npz -o ranges.json",
        "octet calibrate net.onnx --data calib.npz --percentile 99.99",
        "octet calibrate --merge monday.json tuesday.json -o ranges.json",
        "octet calibrate net.onnx --shape x=1x3x480x640 --data calib.npz"},
       runCalibrate},
      {"quantize",
       "MODEL",
       1,
       1,
       "print the quantized graph",
       {"octet quantize net.onnx --calib calib.npz",
        "octet quantize net.onnx --ranges ranges.json -o quantized.mlir",
        "octet quantize net.onnx --shape x=1x3x480x640 --calib calib.npz"},
       runQuantize},
      {"import",
       "MODEL",
       1,
       1,
       "print the imported graph",
       {"octet import net.onnx", "octet import net.onnx -o net.mlir",
        "octet import net.onnx --dim height=480 --dim width=640"},
       runImport},
      {"run",
       "PROGRAM",
       1,
       1,
       "run a program on every sample",
       {"octet run net --input x.npz -o y.npz",
        "octet run net.onnx --shape x=1x3x480x640 --input x.npz -o y.npz"},
       runRun},
      {"eval",
       "PROGRAM...",
       1,
       64,
       "compare accuracy",
       {"octet eval net.onnx net --data test.npz --json eval.json",
        "octet eval net.onnx net --shape x=1x3x480x640 --data test.npz"},
       runEval},
      {"bench",
       "PROGRAM...",
       1,
       64,
       "compare speed",
       {"octet bench net.onnx net --runs 200",
        "octet bench net --layers --json layers.json",
        "octet bench net.onnx net --shape x=1x3x480x640"},
       runBench},
      {"operators",
       "",
       0,
       0,
       "list the ONNX operators that are taken",
       {"octet operators"},
       runOperators},
      {"inspect",
       "PROGRAM",
       1,
       1,
       "list layers, or what a model takes and needs",
       {"octet inspect net", "octet inspect net --json layers.json",
        "octet inspect net.onnx --shape x=1x3x480x640"},
       runInspect},
  };
  return table;
}

/// A file's or folder's name.
static Flag::Read file(std::string CommandOptions::*member) {
  return [member](CommandOptions &options, StringRef value) -> std::string {
    options.*member = value.str();
    return value.empty() ? "give the name of a file" : "";
  };
}

/// The same for what cannot be written to stdout.
static Flag::Read fileOnly(std::string CommandOptions::*member) {
  return [member](CommandOptions &options, StringRef value) -> std::string {
    options.*member = value.str();
    if (value == "-")
      return "an .npz file is not written to stdout; give the name of a file";
    return value.empty() ? "give the name of a file" : "";
  };
}

static std::string readNumber(int64_t &result, StringRef value, int64_t low,
                              int64_t high) {
  int64_t number = 0;
  if (value.getAsInteger(10, number) || number < low || number > high)
    return low == high ? "give " + std::to_string(low)
                       : "give a whole number from " + std::to_string(low) +
                             " to " + std::to_string(high);
  result = number;
  return "";
}

static Flag::Read number(int64_t CommandOptions::*member, int64_t low,
                         int64_t high) {
  return [=](CommandOptions &options, StringRef value) {
    return readNumber(options.*member, value, low, high);
  };
}

/// A flag without a value.
static Flag::Read set(bool CommandOptions::*member) {
  return [member](CommandOptions &options, StringRef) -> std::string {
    options.*member = true;
    return "";
  };
}

static Flag::Read setForm(bool IRForm::*member) {
  return [member](CommandOptions &options, StringRef) -> std::string {
    options.form.*member = true;
    return "";
  };
}

static Flag::Read choice(std::string CommandOptions::*member,
                         std::vector<StringRef> values) {
  return [=](CommandOptions &options, StringRef value) -> std::string {
    options.*member = value.str();
    if (llvm::is_contained(values, value))
      return "";
    return "choose " +
           (values.size() == 1
                ? std::string()
                : llvm::join(llvm::drop_end(values), ", ") + " or ") +
           values.back().str();
  };
}

static std::string readTargets(CommandOptions &options, StringRef value) {
  options.target = value.str();
  auto targets = findTargets(value);
  return targets ? "" : llvm::toString(targets.takeError());
}

static std::string readPhase(CommandOptions &options, StringRef value) {
  options.compileTo = value.str();
  return value == importPhase || lookupPhase(value)
             ? ""
             : "choose one of import, " + listPhases();
}

static std::string readThreads(CommandOptions &options, StringRef value) {
  return readNumber(options.threads.emplace(), value, 1, OCTET_MOST_THREADS);
}

static std::string readSqnr(CommandOptions &options, StringRef value) {
  double number = 0;
  if (value.getAsDouble(number) || !(number >= 0 && number <= 100))
    return "give dB, a number from 0 to 100";
  options.leastSqnr = number;
  return "";
}

static std::string readPercentile(CommandOptions &options, StringRef value) {
  double number = 0;
  if (value.getAsDouble(number) || !isPercentile(number))
    return "give a number above 50 and at most 100";
  options.percentile = number;
  return "";
}

llvm::ArrayRef<Flag> octet::allFlags() {
  using Options = CommandOptions;
  static const StringRef models = "compile quantize";
  static const StringRef takeModels =
      "compile quantize import calibrate run eval bench inspect";
  static const Flag table[] = {
      {"-o", "FILE",
       "a program, or by the extension: .so or .o (with a .h), .s, .ll, .mlir",
       "the model's name without its extension", "compile", "",
       file(&Options::output)},
      {"-o", "FILE", "the graph, - for stdout",
       "stdout, with large constants shortened", "quantize import", "",
       file(&Options::output)},
      {"-o", "FILE", "the ranges, - for stdout", "ranges.json", "calibrate", "",
       file(&Options::output)},
      {"-o", "FILE", "an .npz file of the outputs", "", "run", "run",
       fileOnly(&Options::output)},
      {"--input", "FILE", "an .npz file with an array for each input", "",
       "run", "run", file(&Options::input)},
      {"--data", "FILE",
       "an .npz file with an array for each input, and labels", "",
       "calibrate eval", "eval", file(&Options::data)},
      {"--part", "",
       "write histograms only, for --merge: --data is a part of the data", "",
       "calibrate", "", set(&Options::part)},
      {"--merge", "",
       "join the ranges of parts of the data, given in place of the MODEL or "
       "behind it; with it and --data, samples of all parts, choose anew",
       "", "calibrate", "", set(&Options::merge)},
      {"--calib", "FILE", "calibrate on this .npz file and go INT8", "", models,
       "", file(&Options::calibration)},
      {"--ranges", "FILE", "go INT8 with what `octet calibrate` wrote", "",
       models, "", file(&Options::ranges)},
      {"--method", "M", "minmax, percentile or mse",
       "what the ranges say, else the one that values and outputs lose least "
       "by on the calibration data",
       "compile quantize calibrate", "",
       choice(&Options::method, {"minmax", "percentile", "mse"})},
      {"--percentile", "P",
       "share of values inside a range, above 50 and at most 100; means "
       "--method percentile",
       "99.999", "compile quantize calibrate", "", readPercentile},
      {"--min-sqnr", "DB",
       "keep in f32 what costs outputs most, until each is DB above its error "
       "on the calibration data; 0 for nothing",
       "20, with a quarter of the values at most", "compile quantize calibrate",
       "", readSqnr},
      {"--precision", "P", "int8 or fp32",
       "int8 if there are ranges, else fp32", "compile", "",
       choice(&Options::precision, {"int8", "fp32"})},
      {"--weights", "W",
       "int8: linear layers in 8 bits, rows quantized as they run; no data", "",
       "compile", "", choice(&Options::weights, {"int8"})},
      {"--target", "T[,T...]",
       listTargets() + "; several, of one architecture, make one file for all",
       "host", "compile run eval bench inspect", "", readTargets},
      {"--shape", "INPUT=AxBxC",
       "fix the shape of an input of an .onnx model, for each that has open "
       "dimensions; INPUT= for a scalar",
       "", takeModels, "", readShape, /*repeats=*/true},
      {"--dim", "NAME=N",
       "fix the dimension that has this name in an .onnx model, in all its "
       "inputs",
       "", takeModels, "", readDimension, /*repeats=*/true},
      {"--output", "VALUE",
       "make this value of an .onnx model an output, instead of those it has",
       "", takeModels, "", readOutput, /*repeats=*/true},
      {"--batch", "N", "samples in one inference, for symbolic batches", "1",
       "compile quantize import calibrate", "",
       [](CommandOptions &options, StringRef value) {
         return readNumber(options.model.batch, value, 1, 1000000);
       }},
      {"--threads", "N", "threads that samples and inferences are split among",
       "1", "run eval bench", "", readThreads},
      {"--threads", "N", "threads to calibrate on; ranges do not depend on it",
       "one for each CPU", "compile quantize calibrate", "", readThreads},
      {"--layers", "",
       "time each layer of one PROGRAM instead, and say what limits it", "",
       "bench", "", set(&Options::layers)},
      {"--runs", "N", "timed inferences of each program",
       "what takes two seconds", "bench", "",
       number(&Options::runs, 1, 1000000)},
      {"--json", "FILE", "write the report here too, - for stdout", "",
       "compile eval bench inspect", "", file(&Options::json)},
      {"--compile-to", "PHASE",
       "write the IR behind a phase: import, " + listPhases(), "", "compile",
       "", readPhase},
      {"--dump-ir", "FOLDER",
       "write the IR behind every phase, constants shortened", "", models, "",
       file(&Options::dumpFolder)},
      {"--no-cache", "",
       "compile every kernel anew, and keep none in the user's folder for "
       "caches",
       "", takeModels, "", set(&Options::noCache)},
      {"--elide", "", "shorten large constants in the IR that is written", "",
       "compile quantize import", "", setForm(&IRForm::elide)},
      {"--generic", "", "write IR in MLIR's generic form", "",
       "compile quantize import", "", setForm(&IRForm::generic)},
  };
  return table;
}
