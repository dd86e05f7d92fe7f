#include "engine/optim/sgd.h"

#include <utility>

#include "engine/optim/parameters.h"
#include "kernels/parallel.h"
#include "kernels/sgd_adam.h"

namespace nascent {

Sgd::Sgd(std::vector<Tensor> parameters, SgdOptions options, Where where)
    : parameters_(std::move(parameters)), velocity_(parameters_.size()), options_(options) {
  expect_parameters("sgd", parameters_, where);
  expect_option("sgd", "a learning rate", options.learning_rate, 0, INFINITY, where);
  expect_option("sgd", "a momentum", options.momentum, 0, INFINITY, where);
  expect_option("sgd", "a weight decay", options.weight_decay, 0, INFINITY, where);
  for (const Tensor& w : parameters_) room_.push_back(Tensor::empty(w.shape(), w.dtype()));
}

void Sgd::step(const Gradients& gradients, Where where) {
  struct Update {
    Tensor &w, &velocity;
    const Tensor& gradient;
    bool first;
  };
  std::vector<Update> updates;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const Tensor* g = gradient_for("sgd", gradients, parameters_[i], where);
    if (!g) continue;
    const bool first = !velocity_[i].defined();
    if (first) velocity_[i] = std::exchange(room_[i], {});
    updates.push_back({parameters_[i], velocity_[i], *g, first});
  }
  // A supernet has thousands of weights, most smaller than what is worth a thread: a parameter a chunk.
  kernels::parallel_chunks(static_cast<std::int64_t>(updates.size()), [&](std::int64_t i) {
    auto& [w, velocity, gradient, first] = updates[static_cast<std::size_t>(i)];
    const kernels::SgdStep how{.learning_rate = options_.learning_rate,
                               .momentum = options_.momentum,
                               .weight_decay = options_.weight_decay,
                               .first = first};
    visit(w.dtype(), [&](auto zero) {
      using T = decltype(zero);
      kernels::sgd_step(w.elements(), how, gradient.data<T>(), velocity.mutable_data<T>(), w.mutable_data<T>());
    });
  });
}

void Sgd::set_learning_rate(double rate, Where where) {
  expect_option("sgd", "a learning rate", rate, 0, INFINITY, where);
  options_.learning_rate = rate;
}

void Sgd::set_velocity(std::vector<Tensor> velocity, Where where) {
  expect_state("sgd", parameters_, velocity, where);
  velocity_ = std::move(velocity);
  for (std::size_t i = 0; i < velocity_.size(); ++i)
    room_[i] = velocity_[i].defined() ? Tensor() : Tensor::empty(parameters_[i].shape(), parameters_[i].dtype());
}

}  // namespace nascent
