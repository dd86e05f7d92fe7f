#pragma once
// Training a network from scratch (quark0/darts: cnn/train.py): SGD with momentum, a cosine to zero, clipping, drop
// path that rises with the epochs, an auxiliary loss.
#include <functional>

#include "engine/data/augmentation.h"
#include "engine/data/load_training.h"
#include "engine/data/normalization.h"
#include "engine/optim/sgd.h"
#include "nas/network/network.h"

namespace nascent::nas {

struct TrainOptions {
  std::int64_t batch = 96, epochs = 600;
  SgdOptions sgd = {.learning_rate = 0.025, .momentum = 0.9, .weight_decay = 3e-4};
  double clip = 5;
  double drop_path = 0;           // at the last epoch; rises from 0 in proportion to the epoch
  double auxiliary_weight = 0.4;  // of the auxiliary head's loss, when the network has one
  Augmentation augmentation = {};
  std::uint64_t seed = 0;
};

struct TrainEpoch {
  std::int64_t epoch = 0;
  double loss = 0, accuracy = 0, learning_rate = 0, images_per_second = 0, seconds = 0;
};

struct TrainObserver {
  std::function<void(std::int64_t epoch, std::int64_t step, std::int64_t steps_per_epoch, double loss)> on_step = {};
  std::function<void(const TrainEpoch&)> on_epoch = {};
  std::function<bool()> stop = {};
};

// The learning rate follows the cosine step by step, not epoch by epoch: with the few epochs a CPU affords, a rate that
// never comes near zero costs accuracy.
std::vector<TrainEpoch> train(Network& network, const TrainingData& training, const Normalization& normalization,
                              const TrainOptions& options, const TrainObserver& observer = {});

}  // namespace nascent::nas
