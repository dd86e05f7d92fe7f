// One bi-level step of the darts space: losses, weight gradients, and the gradient of alpha three ways.
#include <nlohmann/json.hpp>

#include "engine/autograd/tape.h"
#include "engine/io/file.h"
#include "engine/nn/state.h"
#include "engine/ops/ops.h"
#include "nas/search/hypergradient.h"
#include "nas/verify/compare.h"

namespace nascent::nas {
namespace {

bool same_bits(const Snapshot& before, const std::vector<Tensor>& now) {
  for (std::size_t i = 0; i < now.size(); ++i)
    if (!std::equal(now[i].bytes_data(), now[i].bytes_data() + now[i].bytes(), before.values[i].bytes_data()))
      return false;
  return true;
}

}  // namespace

std::vector<Quantity> verify_darts(const std::filesystem::path& folder) {
  const auto file = [&](const char* name) { return SafetensorsFile::read(folder / name); };
  const nlohmann::json values = nlohmann::json::parse(read_file(folder / "values.json", kLongestJson));
  const SafetensorsFile initial = file("initial_state.safetensors"), inputs = file("inputs.safetensors");
  const Batch train = read_images(inputs, "x_train", "y_train"), validation = read_images(inputs, "x_val", "y_val");
  const Shape& images = train.images.shape();
  const auto supernet = make_supernet(darts_space(), {.channels = initial.shape("stem.0.weight")[0] / 3,
                                                      .layers = count_children(initial, "cells."),
                                                      .image = {images[3], images[1], images[2]},
                                                      .classes = initial.shape("head.weight")[0],
                                                      .dtype = train.images.dtype()});
  load_supernet(*supernet, initial);
  ParameterStore& store = supernet->store();

  const auto loss_on = [&](const Batch& batch) {
    return cross_entropy(supernet->forward(batch.images, {}), batch.labels);
  };
  const BilevelProblem problem{.weights = store.weights(),
                               .alphas = supernet->alphas(),
                               .buffers = store.buffers(),
                               .train_loss = [&] { return loss_on(train); },
                               .validation_loss = [&] { return loss_on(validation); }};
  const SafetensorsFile momentum = file("momentum.safetensors");
  std::vector<Tensor> velocity;
  for (const Parameter& p : store.entries())
    if (p.kind == Parameter::Kind::weight) velocity.push_back(from_pytorch_layout(momentum.tensor(p.name), p.layout));
  const LookAhead ahead{.eta = values.at("eta"),
                        .momentum = values.at("momentum"),
                        .weight_decay = values.at("weight_decay"),
                        .velocity = velocity};

  std::vector<Quantity> quantities;
  const auto compare_number = [&](const char* name, double ours, double theirs, double bound) {
    Comparison c;
    c.add(ours, theirs);
    quantities.push_back({name, c.relative_error(), bound});
  };
  const Snapshot weights_before = store.snapshot(Parameter::Kind::weight),
                 buffers_before = store.snapshot(Parameter::Kind::buffer);
  {
    Tape tape;
    tape.watch(problem.weights);
    const Tensor loss = problem.train_loss();
    const Gradients gradients = tape.backward(loss);
    std::vector<Tensor> ours;
    for (const Tensor& w : problem.weights) ours.push_back(gradients[w]);
    compare_number("train loss", loss.item(), values.at("train_loss"), 1e-9);
    quantities.push_back({"weight gradients",
                          compare_gradients(store, ours, file("train_gradients.safetensors")).relative_error(), 1e-9});
  }
  store.restore(buffers_before);
  const auto check_order = [&](Order order, const char* name, const char* reference, double bound) {
    const Hypergradient h = hypergradient(problem, order, ahead);
    if (order == Order::first) {
      compare_number("validation loss", h.validation_loss, values.at("val_loss"), 1e-9);
      store.restore(buffers_before);  // the first order is an ordinary forward pass and moves the statistics
    }
    quantities.push_back({name, compare_alphas(*supernet, h.alphas, file(reference)).relative_error(), bound});
  };
  check_order(Order::first, "alpha gradient, first order", "alpha_gradient_first_order.safetensors", 1e-9);
  check_order(Order::second, "alpha gradient, second order by finite difference",
              "alpha_gradient_second_order.safetensors", 1e-6);
  check_order(Order::exact, "alpha gradient, second order exact", "alpha_gradient_exact.safetensors", 1e-8);
  quantities.push_back(
      {"weights afterwards, bits that differ", same_bits(weights_before, problem.weights) ? 0. : 1., 0});
  quantities.push_back(
      {"batch-norm statistics afterwards, bits that differ", same_bits(buffers_before, problem.buffers) ? 0. : 1., 0});
  return quantities;
}

}  // namespace nascent::nas
