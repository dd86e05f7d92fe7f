#include "engine/optim/adam.h"

#include <utility>

#include "engine/optim/parameters.h"
#include "kernels/sgd_adam.h"

namespace nascent {

Adam::Adam(std::vector<Tensor> parameters, AdamOptions options, Where where)
    : parameters_(std::move(parameters)), options_(options) {
  expect_parameters("adam", parameters_, where);
  expect_option("adam", "a learning rate", options.learning_rate, 0, INFINITY, where);
  expect_option("adam", "a beta1", options.beta1, 0, 1, where);
  expect_option("adam", "a beta2", options.beta2, 0, 1, where);
  expect_option("adam", "an epsilon", options.epsilon, 0, INFINITY, where);
  expect_option("adam", "a weight decay", options.weight_decay, 0, INFINITY, where);
  const std::size_t count = parameters_.size();
  for (const Tensor& w : parameters_) {
    room_.push_back(Tensor::zeros(w.shape(), w.dtype()));
    room_.push_back(Tensor::zeros(w.shape(), w.dtype()));
  }
  state_ = {std::vector<Tensor>(count), std::vector<Tensor>(count), std::vector<std::int64_t>(count, 0)};
}

void Adam::step(const Gradients& gradients, Where where) {
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    Tensor &w = parameters_[i], &m = state_.m[i], &v = state_.v[i];
    const Tensor* g = gradient_for("adam", gradients, w, where);
    if (!g) continue;
    if (!m.defined()) {
      m = std::exchange(room_[2 * i], {});
      v = std::exchange(room_[2 * i + 1], {});
    }
    const kernels::AdamStep how{.learning_rate = options_.learning_rate,
                                .beta1 = options_.beta1,
                                .beta2 = options_.beta2,
                                .epsilon = options_.epsilon,
                                .weight_decay = options_.weight_decay,
                                .t = ++state_.steps[i]};
    visit(w.dtype(), [&](auto zero) {
      using T = decltype(zero);
      kernels::adam_step(w.elements(), how, g->data<T>(), m.mutable_data<T>(), v.mutable_data<T>(),
                         w.mutable_data<T>());
    });
  }
}

void Adam::set_learning_rate(double rate, Where where) {
  expect_option("adam", "a learning rate", rate, 0, INFINITY, where);
  options_.learning_rate = rate;
}

void Adam::set_state(AdamState state, Where where) {
  expect_state("adam", parameters_, state.m, where);
  expect_state("adam", parameters_, state.v, where);
  if (state.steps.size() != parameters_.size())
    throw ContractError("adam",
                        "expected step counts for " + std::to_string(parameters_.size()) + " parameters, got " +
                            std::to_string(state.steps.size()),
                        where);
  for (std::size_t i = 0; i < state.steps.size(); ++i)
    if (state.m[i].defined() != (state.steps[i] > 0) || state.v[i].defined() != (state.steps[i] > 0))
      throw ContractError("adam",
                          "expected m and v exactly where steps were taken; state " + std::to_string(i) + " has " +
                              std::to_string(state.steps[i]) + " steps",
                          where);
  state_ = std::move(state);
  for (std::size_t i = 0; i < state_.m.size(); ++i)
    for (Tensor* room : {&room_[2 * i], &room_[2 * i + 1]})
      *room = state_.m[i].defined() ? Tensor() : Tensor::zeros(parameters_[i].shape(), parameters_[i].dtype());
}

}  // namespace nascent
