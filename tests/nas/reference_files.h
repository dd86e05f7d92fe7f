#pragma once
// A reference folder of the darts kind, made by this engine itself: what verify() does with damaged folders can then be
// tested without the numbers of another system.
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/autograd/tape.h"
#include "engine/io/layout.h"
#include "engine/io/safetensors.h"
#include "engine/nn/state.h"
#include "engine/ops/ops.h"
#include "nas/search/hypergradient.h"
#include "nas/supernet/supernet.h"
#include "tests/nas/quadratic_problem.h"

namespace nascent::test {

// write_safetensors has no whole numbers, and labels are.
inline void write_inputs(const std::filesystem::path& path, const std::vector<NamedTensor>& images,
                         const std::vector<std::pair<std::string, std::vector<std::int64_t>>>& labels) {
  nlohmann::json header;
  std::string bytes;
  const auto append = [&](const std::string& name, const char* type, const std::vector<std::int64_t>& shape,
                          const void* data, std::size_t size) {
    header[name] = {{"dtype", type}, {"shape", shape}, {"data_offsets", {bytes.size(), bytes.size() + size}}};
    bytes.append(static_cast<const char*>(data), size);
  };
  for (const NamedTensor& i : images) {
    const Shape& s = i.tensor.shape();
    append(i.name, "F64", {s[0], s[1], s[2], s[3]}, i.tensor.bytes_data(), i.tensor.bytes());
  }
  for (const auto& [name, values] : labels)
    append(name, "I64", {static_cast<std::int64_t>(values.size())}, values.data(), 8 * values.size());
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  const std::uint64_t length = text.size();
  std::ofstream out(path, std::ios::binary);
  out.write(reinterpret_cast<const char*>(&length), 8) << text << bytes;
}

inline void write_darts_reference(const std::filesystem::path& folder) {
  const auto supernet = nas::make_supernet(
      nas::darts_space(),
      {.channels = 2, .layers = 1, .image = {1, 6, 5}, .classes = 3, .dtype = DType::f64, .seed = 8});
  ParameterStore& store = supernet->store();
  const auto with_alphas = [&](std::vector<NamedTensor> out, const std::vector<Tensor>& alphas) {
    for (std::size_t i = 0; i < alphas.size(); ++i) out.push_back({supernet->named_alphas()[i].name, alphas[i]});
    return out;
  };
  write_safetensors(folder / "initial_state.safetensors", with_alphas(state_of(store), supernet->alphas()));

  const Tensor x_train = random_tensor({2, 6, 5, 1}, 1), x_val = random_tensor({3, 6, 5, 1}, 2);
  const std::vector<std::int32_t> y_train = {0, 2}, y_val = {1, 1, 2};
  write_inputs(folder / "inputs.safetensors", {{"x_train", nhwc_to_nchw(x_train)}, {"x_val", nhwc_to_nchw(x_val)}},
               {{"y_train", {y_train.begin(), y_train.end()}}, {"y_val", {y_val.begin(), y_val.end()}}});

  std::vector<NamedTensor> momentum, gradients;
  std::vector<Tensor> velocity;
  const nas::BilevelProblem problem{
      .weights = store.weights(),
      .alphas = supernet->alphas(),
      .buffers = store.buffers(),
      .train_loss = [&] { return cross_entropy(supernet->forward(x_train, {}), y_train); },
      .validation_loss = [&] { return cross_entropy(supernet->forward(x_val, {}), y_val); }};
  const Snapshot buffers = store.snapshot(Parameter::Kind::buffer);
  nlohmann::json values = {{"eta", 0.025}, {"momentum", 0.9}, {"weight_decay", 3e-4}};
  {
    Tape tape;
    tape.watch(problem.weights);
    const Tensor loss = problem.train_loss();
    values["train_loss"] = loss.item();
    const Gradients g = tape.backward(loss);
    for (const Parameter& p : store.entries()) {
      if (p.kind != Parameter::Kind::weight) continue;
      velocity.push_back(random_tensor(p.value.shape(), 50 + velocity.size()));
      momentum.push_back({p.name, to_pytorch_layout(velocity.back(), p.layout)});
      gradients.push_back({p.name, to_pytorch_layout(g[p.value], p.layout)});
    }
  }
  store.restore(buffers);
  write_safetensors(folder / "momentum.safetensors", momentum);
  write_safetensors(folder / "train_gradients.safetensors", gradients);
  for (const auto& [order, name] : {std::pair{nas::Order::first, "first_order"},
                                    {nas::Order::second, "second_order"},
                                    {nas::Order::exact, "exact"}}) {
    const nas::Hypergradient h = hypergradient(problem, order, {.velocity = velocity});
    if (order == nas::Order::first) values["val_loss"] = h.validation_loss;
    store.restore(buffers);
    write_safetensors(folder / ("alpha_gradient_" + std::string(name) + ".safetensors"), with_alphas({}, h.alphas));
  }
  std::ofstream(folder / "values.json") << values;
}

}  // namespace nascent::test
