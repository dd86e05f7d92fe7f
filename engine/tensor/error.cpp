#include "engine/tensor/error.h"

#include <filesystem>

namespace nascent {

ContractError::ContractError(const std::string& who, const std::string& what, const Where& where)
    : Error("[" + who + "] " + what + " (" + std::filesystem::path(where.file_name()).filename().string() + ":" +
            std::to_string(where.line()) + ")") {}

}  // namespace nascent
