#pragma once
// Named settings of a search. A preset is where a search starts from; every field can be set on its own.
#include <string>
#include <vector>

#include "engine/data/augmentation.h"
#include "nas/search/bilevel.h"

namespace nascent::nas {

struct SearchOptions {
  std::string space = "darts";
  std::int64_t channels = 16, layers = 8, batch = 64, epochs = 50;
  std::int64_t limit = 0;  // training images to use, both halves together; 0: all
  BilevelOptions bilevel = {};
  double final_learning_rate = 0.001;  // of the weights, by a cosine over the epochs
  Augmentation augmentation = {.crop_padding = 4, .flip = true};
  // How it is computed; neither changes what is searched (SupernetOptions says what they are).
  bool fuse = true;
  std::int64_t recomputed_cells = 0;
  std::uint64_t seed = 0;
  DType dtype = DType::f32;
};

struct Preset {
  std::string name, meaning;
  SearchOptions options;
};
const std::vector<Preset>& presets();
std::vector<std::string> preset_names();
// UsageError naming all of them.
const Preset& preset_named(const std::string& name);
// The space by its name; `layers` is the number of cells of the lecture space too.
Space space_of(const SearchOptions& options);
// What a search with these options will do, a line a fact.
std::vector<std::string> describe(const SearchOptions& options);

}  // namespace nascent::nas
