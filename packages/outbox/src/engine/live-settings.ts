import {
  checkSetting,
  checkSettingKey,
  mergeSettings,
  type PartialSettings,
  readStored,
  type SettingKey,
  type Settings,
} from '../core/settings.ts'
import type { Session } from '../store/session.ts'
import { deleteSetting, readSettings, writeSetting } from '../store/settings.ts'

/** The settings in force: what the table says, over what this application was started with. */
export class LiveSettings {
  private readonly session: Session
  private readonly own: PartialSettings
  private inForce: Settings

  constructor(session: Session, own: PartialSettings) {
    this.session = session
    this.own = own
    this.inForce = mergeSettings(own, {})
  }

  current(): Settings {
    return this.inForce
  }

  async refresh(): Promise<Settings> {
    this.inForce = mergeSettings(this.own, readStored(await readSettings(this.session)))
    return this.inForce
  }

  async set<Key extends SettingKey>(key: Key, value: Settings[Key]): Promise<void> {
    await writeSetting(this.session, checkSettingKey(key), checkSetting(checkSettingKey(key), value))
    await this.refresh()
  }

  async reset(key: SettingKey): Promise<void> {
    await deleteSetting(this.session, checkSettingKey(key))
    await this.refresh()
  }
}
