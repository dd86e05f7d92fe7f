// The course demo: a full-batch search of the lecture space, one weight step and one alpha step an epoch.
#include <nlohmann/json.hpp>

#include "engine/autograd/tape.h"
#include "engine/io/file.h"
#include "engine/nn/state.h"
#include "engine/ops/ops.h"
#include "nas/search/lecture.h"
#include "nas/verify/compare.h"

namespace nascent::nas {
namespace {

double compare_series(const std::vector<double>& ours, const nlohmann::json& theirs) {
  Comparison comparison;
  for (std::size_t i = 0; i < ours.size(); ++i) comparison.add(ours[i], theirs.at(i).get<double>());
  return comparison.relative_error();
}

// How many edges were given another operation.
double differing_choices(const Supernet& supernet, const nlohmann::json& architecture) {
  const ChainArchitecture ours = derive_chain(supernet.alpha_matrices(), supernet.space());
  double differing = 0;
  for (std::size_t c = 0; c < ours.cells.size(); ++c)
    for (std::size_t e = 0; e < ours.cells[c].size(); ++e)
      differing += ours.cells[c][e].operation != architecture.at(c).at(e).at("operation").get<std::string>();
  return differing;
}

double compare_state(const Supernet& supernet, const SafetensorsFile& theirs) {
  Comparison comparison;
  for (const NamedTensor& ours : state_of(supernet.store()))
    comparison.add(ours.tensor, theirs.tensor(ours.name), ours.name);
  for (const NamedAlpha& alpha : supernet.named_alphas())
    comparison.add(alpha.value, theirs.tensor(alpha.name), alpha.name);
  return comparison.relative_error();
}

// The first epoch taken apart: the weights' gradient at the start, and the alphas' after the weights have stepped.
// Leaves everything as it was.
std::vector<Quantity> check_first_gradients(Supernet& supernet, const Batch& train, const Batch& validation,
                                            const std::function<SafetensorsFile(const char*)>& file, double bound) {
  ParameterStore& store = supernet.store();
  const Snapshot weights = store.snapshot(Parameter::Kind::weight), buffers = store.snapshot(Parameter::Kind::buffer);
  const auto gradients = [&](const Batch& batch, const std::vector<Tensor>& of) {
    Tape tape;
    tape.watch(of);
    return tape.backward(cross_entropy(supernet.forward(batch.images, {}), batch.labels));
  };
  const Gradients by_weight = gradients(train, store.weights());
  Sgd(store.weights(), lecture_bilevel().weights).step(by_weight);
  const Gradients by_alpha = gradients(validation, supernet.alphas());
  store.restore(weights);
  store.restore(buffers);
  const auto collect = [](const Gradients& g, const std::vector<Tensor>& of) {
    std::vector<Tensor> out;
    for (const Tensor& t : of) out.push_back(g[t]);
    return out;
  };
  return {{"first weight gradients",
           compare_gradients(store, collect(by_weight, store.weights()), file("first_weight_gradients.safetensors"))
               .relative_error(),
           bound},
          {"first alpha gradients",
           compare_alphas(supernet, collect(by_alpha, supernet.alphas()), file("first_alpha_gradients.safetensors"))
               .relative_error(),
           bound}};
}

}  // namespace

std::vector<Quantity> verify_lecture(const std::filesystem::path& folder) {
  const auto file = [&](const char* name) { return SafetensorsFile::read(folder / name); };
  const nlohmann::json reference = nlohmann::json::parse(read_file(folder / "history.json", kLongestJson));
  const nlohmann::json& history = reference.at("history");
  const SafetensorsFile initial = file("initial.safetensors"), data = file("data.safetensors");
  const Batch train = read_images(data, "x_train", "y_train"), validation = read_images(data, "x_val", "y_val");
  const Shape& images = train.images.shape();
  const Space space = chain_space(static_cast<int>(count_children(initial, "cells.")),
                                  static_cast<int>(count_children(initial, "cells.0.edges.")));
  const auto supernet = make_supernet(space, {.channels = initial.shape("stem.0.weight")[0],
                                              .image = {images[3], images[1], images[2]},
                                              .classes = initial.shape("fc.weight")[0],
                                              .dtype = train.images.dtype()});
  load_supernet(*supernet, initial);

  const bool exact = train.images.dtype() == DType::f64;
  std::vector<Quantity> quantities = check_first_gradients(*supernet, train, validation, file, exact ? 1e-11 : 1e-4);

  // In f32 the loop is chaotic (PyTorch soon disagrees with itself); in f64 the whole of it must agree.
  const std::size_t epochs = history.at("train_loss").size();
  const std::size_t compared = exact ? epochs : std::min<std::size_t>(3, epochs);
  std::vector<double> train_loss, validation_loss, entropy;
  for (const LectureEpoch& epoch : lecture_search(*supernet, train, validation, static_cast<std::int64_t>(compared))) {
    train_loss.push_back(epoch.step.train_loss);
    validation_loss.push_back(epoch.step.validation_loss);
    entropy.push_back(epoch.entropy);
  }
  const double bound = exact ? 1e-9 : 1e-3;
  const std::string span = " of " + std::to_string(compared) + " epochs";
  quantities.push_back({"train loss" + span, compare_series(train_loss, history.at("train_loss")), bound});
  quantities.push_back({"validation loss" + span, compare_series(validation_loss, history.at("val_loss")), bound});
  quantities.push_back({"entropy" + span, compare_series(entropy, history.at("arch_entropy")), bound});
  if (!exact) return quantities;
  quantities.push_back({"final state", compare_state(*supernet, file("final.safetensors")), 1e-9});
  quantities.push_back(
      {"derived architecture, edges that differ", differing_choices(*supernet, reference.at("architecture")), 0});
  return quantities;
}

}  // namespace nascent::nas
