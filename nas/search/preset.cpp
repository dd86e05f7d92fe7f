#include "nas/search/preset.h"

#include <fmt/format.h>

#include "nas/report/numbers.h"

namespace nascent::nas {
namespace {

SearchOptions paper() { return {}; }

// A third of the paper's depth and a quarter of its width, so that the channels halve and double as there. Few steps
// leave an alpha little way to go at the paper's rate (Adam moves it by at most the rate a step): the rate is higher.
SearchOptions tiny() {
  SearchOptions o;
  o.channels = 4;
  o.layers = 3;
  o.epochs = 5;
  o.limit = 6000;
  o.bilevel.alphas.learning_rate = 3e-3;
  o.augmentation = {};
  return o;
}

SearchOptions small() {
  SearchOptions o;
  o.channels = 8;
  o.layers = 5;
  o.epochs = 15;
  o.limit = 20000;
  o.bilevel.alphas.learning_rate = 1e-3;
  return o;
}

}  // namespace

const std::vector<Preset>& presets() {
  static const std::vector<Preset> all = {
      {"tiny", "a minute: to see a search run from end to end", tiny()},
      {"small", "twenty minutes on two cores: wider, deeper, ten times the steps", small()},
      {"darts", "the paper's own search (Liu, Simonyan & Yang 2019): a night on two cores", paper()},
  };
  return all;
}

std::vector<std::string> preset_names() {
  std::vector<std::string> names;
  for (const Preset& preset : presets()) names.push_back(preset.name);
  return names;
}

const Preset& preset_named(const std::string& name) {
  std::string names;
  for (const Preset& preset : presets()) {
    if (preset.name == name) return preset;
    names += (names.empty() ? "" : ", ") + preset.name;
  }
  throw UsageError("unknown preset '" + name + "'; the presets are " + names);
}

Space space_of(const SearchOptions& o) {
  const Space& space = space_named(o.space);
  if (space.name != "lecture") return space;
  return chain_space(static_cast<int>(o.layers), static_cast<int>(space.edges.size()));
}

std::vector<std::string> describe(const SearchOptions& o) {
  const BilevelOptions& b = o.bilevel;
  return {
      fmt::format("space {}, {}, {}, {} order", o.space, counted(o.channels, "channel"), counted(o.layers, "layer"),
                  name(b.order)),
      fmt::format("{}, batch {}, {}; one half trains weights, the other alphas", counted(o.epochs, "epoch"), o.batch,
                  o.limit > 0 ? counted(o.limit, "training image") : "all training images"),
      fmt::format("weights: SGD {} to {} by cosine, momentum {}, weight decay {}, gradient norm at most {}",
                  b.weights.learning_rate, o.final_learning_rate, b.weights.momentum, b.weights.weight_decay, b.clip),
      fmt::format("alphas: Adam {}, betas {} and {}, weight decay {}", b.alphas.learning_rate, b.alphas.beta1,
                  b.alphas.beta2, b.alphas.weight_decay),
      fmt::format("augmentation: crop padding {}, flip {}", o.augmentation.crop_padding,
                  o.augmentation.flip ? "yes" : "no"),
  };
}

}  // namespace nascent::nas
