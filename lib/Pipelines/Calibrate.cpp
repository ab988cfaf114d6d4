//===- Calibrate.cpp --------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Finds ranges of values, and sees how well outputs survive the rounding that
// ranges ask for.
//
//===----------------------------------------------------------------------===//

#include "InstrumentedProgram.h"
#include "mlir/Pass/PassManager.h"
#include "octet/Dialect/Octet/IR/Octet.h"
#include "octet/Dialect/Octet/IR/Scheme.h"
#include "octet/Quantization/Calibration/Ranges.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>
#include <numeric>

using namespace mlir;
using namespace octet;

namespace {
/// Roundings to choose from, and what they do.
struct Candidate {
  PipelineOptions options;
  std::vector<Rounding> roundings;
  Noises noises;
};

/// Samples that are weighed, and those that at most are to find what each value
/// costs.
constexpr int64_t samplesToChoose = 16, samplesToRank = 4;
/// Candidates that are weighed at a time, for the memory that takes.
constexpr size_t candidatesAtATime = 256;

/// Below this many dB INT8 is hardly the model any more.
constexpr double poorSqnr = 20.0;
/// What is left for the rounding of weights, which is not simulated.
constexpr double weightMargin = 3.0;
/// A value whose rounding takes as many dB from what is poor costs more than
/// all others together: it had better stay in f32.
constexpr double dearValue = 3.0;

/// Chooses ranges by what rounding to them does to samples.
class Calibration {
public:
  explicit Calibration(const InstrumentedProgram &program)
      : program(program), module(program.getModule()),
        numObserved(program.getNumObserved()), counting(program.getCounting()),
        outputs(program.getOutputs()), judged(program.getJudged()) {}

  FailureOr<std::string> choose(StringRef histograms,
                                const PipelineOptions &method);

private:
  FailureOr<Candidate> candidate(const PipelineOptions &options);
  LogicalResult weigh(MutableArrayRef<Candidate> candidates, int64_t samples);
  FailureOr<std::vector<Candidate>> weighAlone(ArrayRef<Rounding> roundings);
  LogicalResult keepFloat(Candidate &best, std::optional<double> least);
  double meanSqnr(ArrayRef<double> noises, ArrayRef<size_t> of) const;
  size_t worstOutput(ArrayRef<double> noises) const;
  void warn(const Candidate &best);

  const InstrumentedProgram &program;
  ModuleOp module;
  const size_t numObserved;
  const ArrayRef<size_t> counting;
  const ArrayRef<std::string> outputs;
  const ArrayRef<size_t> judged;
};
} // namespace

FailureOr<Candidate> Calibration::candidate(const PipelineOptions &options) {
  OwningOpRef<ModuleOp> copy = program.getObserved().clone();
  PassManager pm(module.getContext());
  PhaseOptions phase;
  phase.ranges = options.ranges;
  phase.percentile = options.percentile;
  phase.leastError = options.leastError;
  addRanges(pm, phase);
  if (failed(pm.run(*copy)))
    return failure();
  Candidate result;
  result.options = options;
  copy->walk([&](ObserveOp op) {
    auto type = activationType(op.getContext(), op.getLow()->convertToFloat(),
                               op.getHigh()->convertToFloat());
    result.roundings.push_back(
        {op.getKey().str(), type.getScale(), type.getZeroPoint()});
  });
  return result;
}

LogicalResult Calibration::weigh(MutableArrayRef<Candidate> candidates,
                                 int64_t samples) {
  SmallVector<ArrayRef<Rounding>> roundings;
  for (const Candidate &candidate : candidates)
    roundings.push_back(candidate.roundings);
  auto noises = program.simulate(roundings, samples);
  if (failed(noises))
    return failure();
  for (auto [candidate, own] : llvm::zip(candidates, *noises))
    candidate.noises = std::move(own);
  return success();
}

FailureOr<std::vector<Candidate>>
Calibration::weighAlone(ArrayRef<Rounding> roundings) {
  std::vector<Candidate> alone(roundings.size());
  for (auto [candidate, rounding] : llvm::zip(alone, roundings))
    candidate.roundings = {rounding};
  int64_t samples =
      std::clamp<int64_t>(1024 / (alone.size() + 1), 1, samplesToRank);
  for (auto rest = MutableArrayRef(alone); !rest.empty();) {
    size_t count = std::min(rest.size(), candidatesAtATime);
    if (failed(weigh(rest.take_front(count), samples)))
      return failure();
    rest = rest.drop_front(count);
  }
  return alone;
}

static double toDb(double noise) {
  return std::clamp(-10 * std::log10(noise), -999.0, 999.0);
}

/// Each one bounded: between what is noise alone and what is exact enough for
/// anything.
double Calibration::meanSqnr(ArrayRef<double> noises,
                             ArrayRef<size_t> of) const {
  double sum = 0;
  for (size_t value : of)
    sum += std::clamp(toDb(noises[value]), -20.0, 80.0);
  return of.empty() ? 80.0 : sum / of.size();
}

/// Its place in `noises`; some output has to be a float.
size_t Calibration::worstOutput(ArrayRef<double> noises) const {
  return *llvm::max_element(
      judged, [&](size_t a, size_t b) { return noises[a] < noises[b]; });
}

/// What is left of `sums` without `noises`.
static std::vector<double> without(ArrayRef<double> sums,
                                   ArrayRef<double> noises) {
  std::vector<double> rest;
  for (auto [sum, noise] : llvm::zip(sums, noises))
    rest.push_back(std::max(sum - noise, 0.0));
  return rest;
}

/// Rounding errors of single values are nearly independent: what they do to a
/// value adds up. Values are left in f32, those that do most first, while that
/// is worth it or outputs are below `least`, or below what is poor.
LogicalResult Calibration::keepFloat(Candidate &best,
                                     std::optional<double> least) {
  auto isUnder = [&](double bound) {
    return !judged.empty() &&
           toDb(best.noises[worstOutput(best.noises)]) < bound;
  };
  auto isPoor = [&] {
    return meanSqnr(best.noises, counting) < poorSqnr || isUnder(poorSqnr);
  };
  const double bound = least.value_or(poorSqnr) + weightMargin;
  auto isBelow = [&] { return isUnder(bound); };
  if (least == 0.0 || (!isPoor() && !(least && isBelow())))
    return success();
  const std::vector<Rounding> all = best.roundings;
  // Speed counts, too, where nothing is asked for.
  const size_t limit = least ? all.size() : all.size() / 4;
  if (limit == 0)
    return success();
  auto alone = weighAlone(all);
  if (failed(alone))
    return failure();
  std::vector<double> total(best.noises.size(), 0.0);
  for (const Candidate &candidate : *alone)
    for (auto [sum, noise] : llvm::zip(total, candidate.noises))
      sum += noise;
  std::vector<size_t> left(all.size());
  std::iota(left.begin(), left.end(), 0);
  std::vector<std::string> unrounded;
  auto leave = [&](std::vector<size_t>::iterator value) {
    total = without(total, (*alone)[*value].noises);
    unrounded.push_back(all[*value].key);
    left.erase(value);
  };
  const std::string ranges = best.options.ranges;
  auto apply = [&]() -> LogicalResult {
    PipelineOptions options = best.options;
    options.ranges = ranges;
    setUnrounded(options.ranges, unrounded);
    auto next = candidate(options);
    if (failed(next) || failed(weigh(*next, samplesToChoose)))
      return failure();
    best = std::move(*next);
    return success();
  };
  auto gain = [&](size_t value) {
    auto rest = without(total, (*alone)[value].noises);
    return std::max(meanSqnr(rest, counting) - meanSqnr(total, counting),
                    meanSqnr(rest, judged) - meanSqnr(total, judged));
  };
  while (isPoor() && unrounded.size() < limit) {
    std::vector<double> gains;
    for (size_t value : left)
      gains.push_back(gain(value));
    auto most = llvm::max_element(gains);
    if (*most < dearValue)
      break;
    leave(left.begin() + (most - gains.begin()));
    if (failed(apply()))
      return failure();
  }
  // The sums are estimates; the aim is lower where they prove too low.
  for (double aim = bound; isBelow() && unrounded.size() < limit; aim += 1.0) {
    do {
      size_t worst = worstOutput(total);
      if (toDb(total[worst]) >= aim)
        break;
      leave(llvm::max_element(left, [&](size_t a, size_t b) {
        return (*alone)[a].noises[worst] < (*alone)[b].noises[worst];
      }));
    } while (unrounded.size() < limit);
    if (failed(apply()))
      return failure();
  }
  if (!unrounded.empty())
    module.emitRemark() << unrounded.size() << " of " << all.size()
                        << " values stay in f32 for the outputs' sake; "
                           "--min-sqnr 0 rounds all of them";
  return success();
}

void Calibration::warn(const Candidate &best) {
  if (judged.empty())
    return;
  size_t worst = worstOutput(best.noises);
  double least = toDb(best.noises[worst]);
  if (least >= poorSqnr)
    return;
  module.emitWarning() << "rounded to 8 bits, output '"
                       << outputs[worst - numObserved]
                       << llvm::formatv("' is only {0:F1} dB above its error "
                                        "on the calibration data; see what "
                                        "--min-sqnr {1:F0} keeps in f32",
                                        least, poorSqnr)
                              .str();
}

FailureOr<std::string> Calibration::choose(StringRef histograms,
                                           const PipelineOptions &method) {
  SmallVector<Candidate, 2> candidates;
  {
    // What is wrong with ranges is said where they are used.
    ScopedDiagnosticHandler quiet(module.getContext(),
                                  [](Diagnostic &) { return success(); });
    SmallVector<PipelineOptions, 2> methods(1, method);
    methods.front().ranges = histograms.str();
    if (!method.choosesRanges()) {
      methods.push_back(methods.front());
      methods.back().leastError = true;
    }
    for (const PipelineOptions &options : methods)
      if (auto one = candidate(options); succeeded(one))
        candidates.push_back(std::move(*one));
  }
  if (candidates.empty())
    return histograms.str();
  if (failed(weigh(candidates, samplesToChoose)))
    return failure();
  auto merit = [&](const Candidate &candidate) {
    return meanSqnr(candidate.noises, counting) +
           meanSqnr(candidate.noises, judged);
  };
  // The first of equal ones.
  Candidate best = *llvm::max_element(
      candidates, [&](const Candidate &a, const Candidate &b) {
        return merit(a) < merit(b);
      });
  if (failed(keepFloat(best, method.leastSqnr)))
    return failure();
  if (!method.leastSqnr)
    warn(best);
  std::string ranges = best.options.ranges;
  std::vector<OutputQuality> qualities;
  for (size_t output : judged)
    qualities.push_back(
        {outputs[output - numObserved], toDb(best.noises[output])});
  setQualities(ranges, qualities);
  if (best.options.leastError)
    setLeastError(ranges);
  else if (best.options.percentile > 0)
    setPercentile(ranges, best.options.percentile);
  return ranges;
}

FailureOr<std::string> octet::calibrate(ModuleOp module, StringRef data,
                                        const PipelineOptions &method) {
  InstrumentedProgram program(module, data, method);
  if (failed(program.compile(method)))
    return failure();
  auto histograms = program.observe();
  if (failed(histograms))
    return failure();
  return Calibration(program).choose(*histograms, method);
}

FailureOr<std::string> octet::observe(ModuleOp module, StringRef data,
                                      const PipelineOptions &method) {
  InstrumentedProgram program(module, data, method);
  if (failed(program.compile(method)))
    return failure();
  return program.observe();
}

FailureOr<std::string> octet::chooseRanges(ModuleOp module, StringRef ranges,
                                           StringRef data,
                                           const PipelineOptions &method) {
  InstrumentedProgram program(module, data, method);
  if (failed(program.compile(method)))
    return failure();
  return Calibration(program).choose(ranges, method);
}
