// Values as bytes that are the same on every machine: numbers of fixed width, the lowest byte first; lists behind their
// length; variants behind their index. A struct that names its members once, as members<T>, is written and read
// member by member; one that does not name all of them does not compile.
#pragma once

#include <algorithm>
#include <bit>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/hash.hpp"

namespace ketjet {

// Bytes that nobody has written like that.
struct DamagedBytes : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// Pointers to all members of T, as a std::tuple.
template <class T>
inline constexpr auto members = nullptr;

// The last enumerator of an enum that counts from 0.
template <class Enum>
inline constexpr auto last_value = nullptr;

namespace bytes_detail {

// Converts to whatever a member is.
struct Anything {
    template <class T>
    operator T() const;
};
template <std::size_t>
using AnythingAt = Anything;

template <class T, std::size_t... place>
consteval bool takes(std::index_sequence<place...>) {
    return requires { T{AnythingAt<place>{}...}; };
}

template <class T>
struct IsList : std::is_same<T, std::string> {};
template <class T>
struct IsList<std::vector<T>> : std::true_type {};

template <class T>
struct IsVariant : std::false_type {};
template <class... T>
struct IsVariant<std::variant<T...>> : std::true_type {};

template <class T>
using UnsignedOf =
    std::conditional_t<sizeof(T) == 1, std::uint8_t,
                       std::conditional_t<sizeof(T) == 2, std::uint16_t,
                                          std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>>>;

template <class T>
inline constexpr bool is_number = std::is_arithmetic_v<T> && !std::is_same_v<T, bool>;

// In memory as it is in bytes.
template <class T>
inline constexpr bool is_plain =
    std::endian::native == std::endian::little && (is_number<T> || std::is_same_v<T, std::complex<double>>);

}  // namespace bytes_detail

// How many members an aggregate has.
template <class T, std::size_t most = 24>
consteval std::size_t count_members() {
    if constexpr (most == 0 || bytes_detail::takes<T>(std::make_index_sequence<most>())) {
        return most;
    } else {
        return count_members<T, most - 1>();
    }
}

template <class T>
concept HasMembers = !std::is_null_pointer_v<std::remove_cv_t<decltype(members<T>)>>;

// Calls visit(member) for all of them.
template <class T, class Visit>
void for_each_member(T& value, Visit&& visit) {
    using Struct = std::remove_const_t<T>;
    static_assert(HasMembers<Struct>, "give this struct its members<T>");
    static_assert(count_members<Struct>() == std::tuple_size_v<std::remove_cv_t<decltype(members<Struct>)>>,
                  "members<T> has to name all members");
    std::apply([&](auto... member) { (visit(value.*member), ...); }, members<Struct>);
}

// A hash of bytes, their number included.
inline std::uint64_t hash_of(std::span<const std::uint8_t> bytes) {
    SequenceHash hash;
    hash.add(std::uint64_t{bytes.size()});
    for (std::size_t begin = 0; begin < bytes.size(); begin += 8) {
        std::uint64_t word = 0;
        for (std::size_t i = begin; i < std::min(begin + 8, bytes.size()); ++i) {
            word |= std::uint64_t{bytes[i]} << 8 * (i - begin);
        }
        hash.add(word);
    }
    return hash.finish();
}

class ByteWriter {
 public:
    template <class T>
    void put(const T& value) {
        using namespace bytes_detail;
        if constexpr (is_number<T>) {
            const std::uint64_t word = std::bit_cast<UnsignedOf<T>>(value);
            for (std::size_t i = 0; i < sizeof(T); ++i) bytes_.push_back(static_cast<std::uint8_t>(word >> 8 * i));
        } else if constexpr (std::is_same_v<T, bool>) {
            put(static_cast<std::uint8_t>(value));
        } else if constexpr (std::is_enum_v<T>) {
            static_assert(std::is_same_v<std::remove_cv_t<decltype(last_value<T>)>, T>, "give it its last_value");
            put(static_cast<std::underlying_type_t<T>>(value));
        } else if constexpr (std::is_same_v<T, std::complex<double>>) {
            put(value.real());
            put(value.imag());
        } else if constexpr (IsList<T>::value) {
            put(std::uint64_t{value.size()});
            put_all(value);
        } else if constexpr (IsVariant<T>::value) {
            put(static_cast<std::uint8_t>(value.index()));
            std::visit([this](const auto& which) { this->put(which); }, value);
        } else {
            for_each_member(value, [this](const auto& member) { this->put(member); });
        }
    }

    std::span<const std::uint8_t> bytes() const { return bytes_; }
    std::vector<std::uint8_t> take() { return std::move(bytes_); }

 private:
    template <class List>
    void put_all(const List& list) {
        using Item = typename List::value_type;
        if constexpr (bytes_detail::is_plain<Item>) {
            const auto* const begin = reinterpret_cast<const std::uint8_t*>(list.data());
            bytes_.insert(bytes_.end(), begin, begin + list.size() * sizeof(Item));
        } else {
            for (const Item& item : list) put(item);
        }
    }

    std::vector<std::uint8_t> bytes_;
};

// Reads what a ByteWriter has written; throws DamagedBytes where that cannot be.
class ByteReader {
 public:
    explicit ByteReader(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

    template <class T>
    T get() {
        T value{};
        get(value);
        return value;
    }

    template <class T>
    void get(T& value) {
        using namespace bytes_detail;
        if constexpr (is_number<T>) {
            std::uint64_t word = 0;
            const auto taken = take(sizeof(T));
            for (std::size_t i = 0; i < sizeof(T); ++i) word |= std::uint64_t{taken[i]} << 8 * i;
            value = std::bit_cast<T>(static_cast<UnsignedOf<T>>(word));
        } else if constexpr (std::is_same_v<T, bool>) {
            value = get_up_to(1) != 0;
        } else if constexpr (std::is_enum_v<T>) {
            using Number = std::underlying_type_t<T>;
            const auto number = get<Number>();
            if (number < 0 || number > static_cast<Number>(last_value<T>)) throw DamagedBytes("a kind is unknown");
            value = static_cast<T>(number);
        } else if constexpr (std::is_same_v<T, std::complex<double>>) {
            const auto real = get<double>();
            value = {real, get<double>()};
        } else if constexpr (IsList<T>::value) {
            get_all(value);
        } else if constexpr (IsVariant<T>::value) {
            get_one_of(value, std::make_index_sequence<std::variant_size_v<T>>());
        } else {
            for_each_member(value, [this](auto& member) { this->get(member); });
        }
    }

    std::size_t left() const { return bytes_.size(); }

    void finish() const {
        if (!bytes_.empty()) throw DamagedBytes("they go on behind their end");
    }

 private:
    std::span<const std::uint8_t> take(std::uint64_t count) {
        if (count > bytes_.size()) throw DamagedBytes("they end too early");
        const auto taken = bytes_.first(static_cast<std::size_t>(count));
        bytes_ = bytes_.subspan(static_cast<std::size_t>(count));
        return taken;
    }

    std::uint8_t get_up_to(std::uint8_t most) {
        const auto number = get<std::uint8_t>();
        if (number > most) throw DamagedBytes("a kind is unknown");
        return number;
    }

    // An item takes a byte at least, so that no length promises more than there is.
    template <class List>
    void get_all(List& list) {
        using Item = typename List::value_type;
        const auto count = get<std::uint64_t>();
        list.clear();
        if constexpr (bytes_detail::is_plain<Item>) {
            if (count > bytes_.size() / sizeof(Item)) throw DamagedBytes("they end too early");
            const auto taken = take(count * sizeof(Item));
            list.resize(static_cast<std::size_t>(count));
            if (!taken.empty()) std::memcpy(list.data(), taken.data(), taken.size());
        } else {
            if (count > bytes_.size()) throw DamagedBytes("they end too early");
            for (std::uint64_t i = 0; i < count; ++i) list.push_back(get<Item>());
        }
    }

    template <class Variant, std::size_t... index>
    void get_one_of(Variant& value, std::index_sequence<index...>) {
        const std::size_t which = get_up_to(sizeof...(index) - 1);
        ((which == index ? void(value = get<std::variant_alternative_t<index, Variant>>()) : void()), ...);
    }

    std::span<const std::uint8_t> bytes_;
};

}  // namespace ketjet
