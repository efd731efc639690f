// A value or a Defect. Wrong bytes are ordinary input here, so they are returned, not thrown.
#pragma once

#include <utility>
#include <variant>

#include "formats/check.h"
#include "formats/defect.h"

namespace kseg {

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Defect defect) : state_(std::in_place_index<1>, std::move(defect)) {}

  explicit operator bool() const { return state_.index() == 0; }
  T& operator*() { return value(); }
  const T& operator*() const { return const_cast<Result*>(this)->value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &const_cast<Result*>(this)->value(); }

  const Defect& error() const {
    check(state_.index() == 1, "error() of a Result that holds a value");
    return *std::get_if<1>(&state_);
  }

 private:
  T& value() {
    check(state_.index() == 0, "value of a Result that holds a defect");
    return *std::get_if<0>(&state_);
  }

  std::variant<T, Defect> state_;
};

}  // namespace kseg
