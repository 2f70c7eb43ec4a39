import CLinuxShims

/// Whether this kernel can keep a subject inside its directories.
///
/// What a subject writes elsewhere survives the simulated power cut and may hide a loss, so a run
/// without confinement is *not measured*. Landlock does not see changes of mode, owner, times and
/// extended attributes.
/// Source: Documentation/userspace-api/landlock.rst, "Current limitations".
public enum Confinement: Equatable, Sendable {
  /// No Landlock: built without it, switched off, or older than Linux 5.13.
  case absent
  /// Landlock up to ABI 2: a subject may truncate files elsewhere; with ABI 1 it also may not
  /// rename from one directory to another.
  case partial(abi: Int)
  /// Landlock from ABI 3 on (Linux 6.2): nothing elsewhere can be created, changed, cut or removed.
  case full(abi: Int)

  /// What this kernel offers.
  public static var available: Confinement {
    let abi = Int(clinux_landlock_abi())
    return abi == 0 ? .absent : abi < 3 ? .partial(abi: abi) : .full(abi: abi)
  }
}
