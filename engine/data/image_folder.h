#pragma once
// A folder a class, images inside: FOLDER/CLASS/*.png (or .pgm, .ppm, .pnm). Dot files are passed over.
#include <filesystem>
#include <string>
#include <vector>

#include "engine/data/dataset.h"

namespace nascent {

// The names of the class folders, sorted byte by byte.
std::vector<std::string> image_folder_classes(const std::filesystem::path& folder);

// Every image of every class, in the order of class and file name. DataError when a class folder is unknown or empty, a
// file is no image, or an image has another size or number of channels than the first.
Dataset read_image_folder(const std::filesystem::path& folder, std::vector<std::string> class_names, std::string name);

}  // namespace nascent
